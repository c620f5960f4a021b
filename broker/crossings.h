/* crossings.h - which calls have keys of other owners, or keys that they do not declare.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_CROSSINGS_H
#define BROKER_CROSSINGS_H

/* Of a script or, in capitals, of a command.  Keys are bits as in struct call; what a call has is
 * told by all of its rows. */
struct crossing {
    const char *call;
    enum { CROSSING_ALWAYS, CROSSING_UNTAGGED, CROSSING_TAGGED } when; /* see keys_use_tags() */
    unsigned long long strangers; /* keys of other owners: in a cluster perhaps on another node */
    unsigned long long hidden;    /* the owner's keys whose names are arguments only */
    const char *why;
};

/* All of them, with a call that is NULL at the end. */
extern const struct crossing crossings[];

#endif
