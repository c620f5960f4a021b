/* sent.h - broadcasts of one queue that were sent to consumers here, and are not acked for certain:
 * one that comes again is not sent again.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SENT_H
#define WS_FEED_SENT_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct message;

struct sent {
    const char *key; /* the first member: searched by name */
    struct sent *next, **link;
    ev_tstamp at;
    uint64_t digest; /* of the message: a Redis that has lost its data gives the keys anew */
    bool is_void;    /* of a queue that was removed since: the next one may have its key */
    bool is_acking;  /* an act refers to it: it is not forgotten for its age */
    char text[];
};

struct sent_list {
    struct sent *first, **last; /* the oldest first */
    void *tree;
};

/* Clear frees what is in it. */
void sent_list_init(struct sent_list *list);
void sent_list_clear(struct sent_list *list);

/* Remembers that the message is sent.  *is_repeat: it was before. */
struct sent *sent_note(struct sent_list *list, const struct message *message, ev_tstamp now,
                       bool *is_repeat);

void sent_forget(struct sent_list *list, struct sent *sent);

/* Counts all messages as sent now: for a time there was no Redis that could have acked them. */
void sent_list_renew(struct sent_list *list, ev_tstamp now);

/* The queue was removed: the next one counts from 1 again. */
void sent_list_void(struct sent_list *list);

/* Those whose ack will not come any more. */
void sent_forget_old(struct sent_list *list, ev_tstamp now);

#endif
