/* in_force.h - what is in force of restmq.conf, as JSON.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_IN_FORCE_H
#define BASE_IN_FORCE_H

struct json_object;
struct settings;

/* An object of all effective settings, each value a text as settings_print() has it.  Passwords
 * stand in files of their own, and these are named only.  The caller releases it. */
struct json_object *settings_to_json(const struct settings *settings);

#endif
