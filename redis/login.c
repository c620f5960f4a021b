/* login.c - what every connection to Redis begins with.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/login.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "redis/grants.h"
#include "redis/reply.h"
#include "redis/sentinel.h"

static void add(struct login *login, int argc, const char *word, const char *first,
                const char *second)
{
    login->commands[login->count].argc = argc;
    login->commands[login->count].argv[0] = word;
    login->commands[login->count].argv[1] = first;
    login->commands[login->count].argv[2] = second;
    login->count++;
}

static void add_rights(struct login *login, const struct settings *settings)
{
    add(login, 4, "EVAL", grants_text, "0");
    login->commands[login->count - 1].argv[3] = grants_of(settings);
}

void login_init_as(struct login *login, const struct account *account)
{
    login->count = 0;
    if (*account->user)
        add(login, 3, "AUTH", account->user, account->password);
    else if (*account->password)
        add(login, 2, "AUTH", account->password, NULL);
}

void login_init(struct login *login, const struct settings *settings)
{
    login_init_as(login, &settings->redis_account);
    if (settings->redis_db) {
        snprintf(login->db, sizeof(login->db), "%lld", settings->redis_db);
        add(login, 2, "SELECT", login->db, NULL);
    }
    if (*settings->redis_account.user)
        add_rights(login, settings);
}

void login_ask_role(struct login *login)
{
    add(login, 1, "ROLE", NULL, NULL);
}

const char *login_refusal(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    return sentinel_is_other_role(reply) ? "this Redis is not a master" : NULL;
}

enum status login_tell(const struct login *login, int command, const redisReply *reply,
                       struct reason *reason)
{
    const char *word = login->commands[command].argv[0];

    if (reply->type != REDIS_REPLY_ERROR)
        return refuse(reason, STATUS_UNAVAILABLE,
                      "Redis is no master: sentinels decide on another one");
    if (strcmp(word, "EVAL") != 0)
        return refuse(reason, STATUS_UNAVAILABLE, "Redis refused %s", word);
    reply_refusal(reply, reason);
    return STATUS_UNAVAILABLE;
}

bool login_is_same_account(const struct account *one, const struct account *other)
{
    return strcmp(one->user, other->user) == 0 && strcmp(one->password, other->password) == 0;
}

static bool is_same_tls(const struct redis_tls *one, const struct redis_tls *other)
{
    return one->is_on == other->is_on && strcmp(one->ca, other->ca) == 0 &&
           strcmp(one->name, other->name) == 0 && strcmp(one->cert, other->cert) == 0 &&
           strcmp(one->key, other->key) == 0;
}

bool login_is_same(const struct settings *one, const struct settings *other)
{
    return strcmp(one->redis, other->redis) == 0 &&
           login_is_same_account(&one->redis_account, &other->redis_account) &&
           one->redis_db == other->redis_db && is_same_tls(&one->redis_tls, &other->redis_tls);
}
