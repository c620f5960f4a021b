/* login.h - what every connection to Redis begins with.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_LOGIN_H
#define REDIS_LOGIN_H

#include <stdbool.h>

#include "base/settings.h"
#include "base/status.h"

struct redisReply;

enum { LOGIN_COMMANDS = 4 };

struct login {
    int count;
    struct {
        int argc;
        const char *argv[4]; /* into the settings, or into db */
    } commands[LOGIN_COMMANDS];
    char db[24];
};

/* AUTH and SELECT, as far as the settings ask for them; of a user with a name, also whether it may
 * run what the programs run, see rights.h.  Must not be moved while it is used. */
void login_init(struct login *login, const struct settings *settings);

/* AUTH only. */
void login_init_as(struct login *login, const struct account *account);

/* ROLE too: only a master will do. */
void login_ask_role(struct login *login);

/* Why the answer to one of the commands ends the connection; NULL: it does not. */
const char *login_refusal(const struct redisReply *reply);

/* The same for clients, where login_refusal() said that it does, of the answer to this command of
 * the login.  Returns UNAVAILABLE. */
enum status login_tell(const struct login *login, int command, const struct redisReply *reply,
                       struct reason *reason);

/* Would a connection made with the one be the same with the other? */
bool login_is_same(const struct settings *one, const struct settings *other);
bool login_is_same_account(const struct account *one, const struct account *other);

#endif
