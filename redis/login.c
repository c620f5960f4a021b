/* login.c - what every connection to Redis begins with.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/login.h"

#include <stdio.h>
#include <string.h>

static void add(struct login *login, int argc, const char *word, const char *first,
                const char *second)
{
    login->commands[login->count].argc = argc;
    login->commands[login->count].argv[0] = word;
    login->commands[login->count].argv[1] = first;
    login->commands[login->count].argv[2] = second;
    login->count++;
}

void login_init(struct login *login, const struct settings *settings)
{
    login->count = 0;
    if (*settings->redis_user)
        add(login, 3, "AUTH", settings->redis_user, settings->redis_password);
    else if (*settings->redis_password)
        add(login, 2, "AUTH", settings->redis_password, NULL);
    if (settings->redis_db) {
        snprintf(login->db, sizeof(login->db), "%lld", settings->redis_db);
        add(login, 2, "SELECT", login->db, NULL);
    }
}

bool login_is_same(const struct settings *one, const struct settings *other)
{
    return strcmp(one->redis, other->redis) == 0 &&
           strcmp(one->redis_user, other->redis_user) == 0 &&
           strcmp(one->redis_password, other->redis_password) == 0 &&
           one->redis_db == other->redis_db;
}
