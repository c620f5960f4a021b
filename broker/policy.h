/* policy.h - how a queue treats its messages and its streaming consumers.
 *
 * A new setting takes a member, a row in the table of policy.c, and a script that goes by it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_POLICY_H
#define BROKER_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/call.h"

struct json_object;

enum policy { POLICY_BROADCAST = 1, POLICY_ROUNDROBIN = 2 }; /* as RestMQ stores them */

enum { POLICY_SETTINGS = 5, POLICY_VALUE = 48 };

/* As Redis has them: decimal digits, 0 or "" for what is not set. */
struct policy_state {
    enum policy policy;
    char settings[POLICY_SETTINGS][POLICY_VALUE];
};

/* Settings to change: zeroed memory changes none. */
struct policy_change {
    enum policy policy; /* 0: leave it */
    bool is_given[POLICY_SETTINGS];
    char settings[POLICY_SETTINGS][POLICY_VALUE];
};

/* The names of the settings, by their index; NULL behind the last. */
const char *policy_setting_name(int index);

const char *policy_name(enum policy policy);

/* Is a queue full that has so many messages? */
bool policy_is_full(const struct policy_state *state, long long messages);

/* Takes one value into the change: of "policy" (broadcast, roundrobin) or of a setting.
 * BAD_VALUE says what is allowed. */
enum status policy_change_add(struct policy_change *change, const char *name, const char *value,
                              size_t len, struct reason *reason);

/* "policy=roundrobin lease=30": what it changes; returns the text. */
enum { POLICY_CHANGE_TEXT = 256 };
const char *policy_change_text(const struct policy_change *change, char text[POLICY_CHANGE_TEXT]);

/* Is it a mere look? */
bool policy_change_is_empty(const struct policy_change *change);

/* Changes what is given, and tells what is in force then; both in one call.  BAD_NAME: the queue
 * cannot have dead letters, as its name is too long or it is one. */
enum status policy_call(struct call *call, const char *queue, const struct policy_change *change,
                        struct policy_state *state, struct reason *reason);
call_decode policy_result;

/* Reads what a script replied: the policy as text, the settings as an array name, value, …;
 * for other decoders. */
struct redisReply;
void policy_state_read(struct policy_state *state, const struct redisReply *policy,
                       const struct redisReply *settings);

/* Adds "value":"broadcast" and all settings. */
void policy_to_json(const struct policy_state *state, struct json_object *object);

#endif
