/* age.h - how long ago a message was pushed, as far as samples of its queue's counter tell: see
 * scripts/age.lua.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_AGE_H
#define BROKER_AGE_H

#include <stdbool.h>

struct buffer;
struct json_object;
struct redisReply;

struct age {
    long long s;   /* -1: not known */
    bool is_bound; /* so many or more; else give or take the distance of the samples */
};

/* From the text that age_of() of the script says; what is none is not known. */
void age_read(struct age *age, const struct redisReply *reply);

/* Adds both: seconds, and "=" or ">"; or null twice. */
void age_to_json(const struct age *age, struct json_object *object, const char *name,
                 const char *is_name);

/* The same, behind other members of an object that is written as text. */
void age_write(const struct age *age, const char *name, const char *is_name, struct buffer *out);

#endif
