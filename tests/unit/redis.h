/* redis.h - a private redis-server on a unix socket in a temporary folder, for tests that need a
 * real one.  It is ended by its process number, and with the test if that ends first.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_REDIS_H
#define TESTS_UNIT_REDIS_H

#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static char redis_folder[] = "/tmp/restmq-redis-XXXXXX";
static char redis_address[64]; /* as restmq.conf has it */
static pid_t redis_pid;
static redisContext *admin; /* while it runs */

static inline int redis_make_folder(void)
{
    if (!mkdtemp(redis_folder))
        return -1;
    snprintf(redis_address, sizeof(redis_address), "unix:%s/socket", redis_folder);
    return 0;
}

static inline void redis_remove_folder(void)
{
    char path[80];

    snprintf(path, sizeof(path), "%s/dump.rdb", redis_folder);
    unlink(path);
    unlink(redis_address + 5);
    rmdir(redis_folder);
}

/* In the new process: becomes a server with one more option, which may be NULL. */
static inline void redis_exec(const char *option, const char *value)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis_address + 5,
           "--dir", redis_folder, "--save", "", "--logfile", "/dev/null", option, value,
           (char *)NULL);
    perror("redis-server");
    _exit(127);
}

/* Tries for ten seconds. */
static inline void redis_wait(void)
{
    for (int i = 0; i < 1000; i++) {
        admin = redisConnectUnix(redis_address + 5);
        if (admin && !admin->err)
            return;
        redisFree(admin);
        usleep(10000);
    }
    fail_msg("redis-server does not answer");
}

static inline void redis_start(const char *option, const char *value)
{
    unlink(redis_address + 5);
    redis_pid = fork();
    assert_true(redis_pid >= 0);
    if (redis_pid == 0)
        redis_exec(option, value);
    redis_wait();
}

static inline void redis_kill(void)
{
    if (admin)
        redisFree(admin);
    admin = NULL;
    if (!redis_pid)
        return;
    kill(redis_pid, SIGKILL);
    waitpid(redis_pid, NULL, 0);
    redis_pid = 0;
}

/* Runs a command of words and waits for its answer, which the caller frees. */
static inline redisReply *redis_ask(const char *text)
{
    redisReply *reply = redisCommand(admin, text);

    assert_non_null(reply);
    return reply;
}

static inline void redis_do(const char *text)
{
    redisReply *reply = redis_ask(text);

    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", text, reply->str);
    freeReplyObject(reply);
}

static inline long long redis_number(const char *text)
{
    redisReply *reply = redis_ask(text);
    long long number = reply->integer;

    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    return number;
}

#endif
