/* reply.c - reading Redis's answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/reply.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Consequences of an error, beside its status. */
enum trait {
    RECONNECT = 1, /* the connection should be made anew */
    STALE = 2,     /* another Redis may have to be asked by now */
    HALF_DONE = 4, /* it comes from the middle of a script */
};

/* A client that has not logged in and sends more than ten words gets a protocol error, and Redis
 * closes the connection a moment later. */
static const struct {
    const char *start; /* of the error; a space or nothing follows */
    enum status status;
    int traits;
    const char *text;
} errors[] = {
    {"OOM",                  STATUS_NO_SPACE,    0,                 "Redis is out of memory"                         },
    {"LOADING",              STATUS_UNAVAILABLE, STALE,             "Redis is loading its data"                      },
    {"READONLY",             STATUS_UNAVAILABLE, RECONNECT | STALE, "this Redis is a read-only replica"              },
    {"MASTERDOWN",           STATUS_UNAVAILABLE, RECONNECT | STALE, "this Redis has lost its master"                 },
    {"BUSY",                 STATUS_UNAVAILABLE, 0,                 "Redis is busy with a script"                    },
    {"MISCONF",              STATUS_UNAVAILABLE, 0,                 "Redis cannot write to its disk"                 },
    {"NOREPLICAS",           STATUS_UNAVAILABLE, STALE,             "Redis has too few replicas to accept a write"   },
    {"NOAUTH",               STATUS_UNAVAILABLE, RECONNECT,         "Redis wants a password"                         },
    {"WRONGPASS",            STATUS_UNAVAILABLE, RECONNECT,         "Redis does not accept user and password"        },
    {"NOPERM",               STATUS_UNAVAILABLE, 0,                 "this Redis user may not run the command"        },
    {"ERR The user",         STATUS_UNAVAILABLE, 0,                 "this Redis user may not run the command"        },
    {"CLUSTERDOWN",          STATUS_UNAVAILABLE, STALE,             "the Redis cluster is down"                      },
    {"MOVED",                STATUS_UNAVAILABLE, STALE,             "another Redis node has what is asked for"       },
    {"ASK",                  STATUS_UNAVAILABLE, STALE,             "another Redis node has what is asked for"       },
    {"TRYAGAIN",             STATUS_UNAVAILABLE, STALE,             "this queue is on its way to another Redis node" },
    {"CROSSSLOT",            STATUS_UNAVAILABLE, HALF_DONE,         "Redis refused keys of several slots"            },
    {"ERR Script attempted", STATUS_UNAVAILABLE, HALF_DONE,         "Redis refused a key of another slot"            },
    {"ERR Protocol error:",  STATUS_UNAVAILABLE, RECONNECT,         "Redis wants a password"                         },
    {"NOSCRIPT",             STATUS_UNAVAILABLE, 0,                 "Redis forgot a script while it was being loaded"},
};

static int error_index(const redisReply *reply)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        size_t len = strlen(errors[i].start);

        if (strncmp(reply->str, errors[i].start, len) == 0 &&
            (reply->str[len] == ' ' || reply->str[len] == '\0'))
            return (int)i;
    }
    return -1;
}

/* "DAMAGED <key>" of prelude.lua; Redis may add where in the script it was raised. */
static enum status damaged(const redisReply *reply, struct reason *reason)
{
    const char *key = reply->str + strlen("DAMAGED ");
    const char *end = strstr(key, " script: ");
    int len = end ? (int)(end - key) : (int)strlen(key);

    log_error("Redis key %.*s holds something other than this program put there", len, key);
    return refuse(reason, STATUS_DAMAGED,
                  "the Redis key %.*s holds something other than this program put there", len, key);
}

/* "NOPERM <COMMAND>" of the scripts, "... may not run <COMMAND>, ..." of rights.h, or Redis's own
 * "... to run the '<command>' command"; NULL: it does not say. */
static const char *refused_command(const char *error, int *len)
{
    const char *name = strstr(error, " run the '");
    const char *names = strstr(error, " may not run ");

    if (strncmp(error, "NOPERM ", 7) != 0)
        return NULL;
    if (names) { /* of rights.h */
        name = names + strlen(" may not run ");
        *len = (int)strlen(name);
        return name;
    }
    name = name ? name + strlen(" run the '") : error + strlen("NOPERM ");
    *len = (int)strcspn(name, "' ");
    if (*len == 0)
        return NULL;
    return name[*len] == '\'' || (int)strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == *len ? name
                                                                                         : NULL;
}

enum status reply_refusal(const redisReply *reply, struct reason *reason)
{
    const char *command;
    int index = error_index(reply), len;

    if (index < 0)
        return refuse(reason, STATUS_UNAVAILABLE, "Redis refused the operation");
    command = refused_command(reply->str, &len);
    if (command)
        return refuse(reason, STATUS_UNAVAILABLE, "this Redis user may not run %.*s", len, command);
    return refuse(reason, errors[index].status, "%s", errors[index].text);
}

enum status reply_error(const redisReply *reply, struct reason *reason)
{
    if (strncmp(reply->str, "DAMAGED ", 8) == 0)
        return damaged(reply, reason);
    log_error("Redis: %s", reply->str);
    return reply_refusal(reply, reason);
}

bool reply_lacks_right(const redisReply *reply)
{
    int len;

    return reply->type == REDIS_REPLY_ERROR && refused_command(reply->str, &len);
}

bool reply_is_noscript(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static bool has_trait(const redisReply *reply, enum trait trait)
{
    int index = reply->type == REDIS_REPLY_ERROR ? error_index(reply) : -1;

    return index >= 0 && (errors[index].traits & trait);
}

bool reply_wants_reconnect(const redisReply *reply)
{
    return has_trait(reply, RECONNECT);
}

bool reply_is_stale(const redisReply *reply)
{
    return has_trait(reply, STALE);
}

bool reply_is_half_done(const redisReply *reply)
{
    return has_trait(reply, HALF_DONE);
}

bool reply_is_array(const redisReply *reply, size_t least)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

long long reply_number(const redisReply *reply, long long fallback)
{
    long long number = reply->integer;
    char *end = "";

    if (reply->type == REDIS_REPLY_STRING && reply->len > 0)
        number = strtoll(reply->str, &end, 10);
    else if (reply->type != REDIS_REPLY_INTEGER)
        return fallback;
    return *end || number > REPLY_NUMBER_MAX || number < -REPLY_NUMBER_MAX ? fallback : number;
}

size_t reply_bytes(const redisReply *reply)
{
    size_t bytes = 0;

    if (reply->type != REDIS_REPLY_ARRAY)
        return reply->str ? reply->len : 0;
    for (size_t i = 0; i < reply->elements; i++)
        bytes += reply_bytes(reply->element[i]);
    return bytes;
}

enum status reply_unexpected(const char *operation, struct reason *reason)
{
    log_error("Redis answered %s with something unexpected", operation);
    return refuse(reason, STATUS_UNAVAILABLE, "Redis answered something unexpected");
}
