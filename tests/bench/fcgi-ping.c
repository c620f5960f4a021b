/* fcgi-ping.c - the yardstick of the bench: a FastCGI program that does one PING on Redis's unix
 * socket (argv[1]) per request, the least that one round trip can cost.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/shape.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

static const char shape_failed[] = "Status: 503 Service Unavailable\r\n\r\n";

static int ping(redisContext *redis)
{
    redisReply *reply = redisCommand(redis, "PING");
    int ok = reply != NULL && reply->type == REDIS_REPLY_STATUS;

    if (reply != NULL)
        freeReplyObject(reply);
    return ok;
}

int main(int argc, char **argv)
{
    FCGX_Request request;
    redisContext *redis = redisConnectUnix(argc == 2 ? argv[1] : "");

    if (redis == NULL || redis->err != 0) {
        fprintf(stderr, "usage: fcgi-ping REDIS-SOCKET, with the FastCGI socket as fd 0\n");
        return 1;
    }
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        shape_read_body(&request);
        if (ping(redis))
            shape_answer(&request, shape_ok, sizeof shape_ok - 1);
        else
            shape_answer(&request, shape_failed, sizeof shape_failed - 1);
    }
    redisFree(redis);
    return 0;
}
