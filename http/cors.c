/* cors.c - letting pages of other origins read an answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/cors.h"

#include <stddef.h>

void cors_add(struct response *response, const char *origin, bool is_options)
{
    response_header(response, "Vary", "Origin");
    if (!origin)
        return;
    response_header(response, "Access-Control-Allow-Origin", "%s", origin);
    response_header(response, "Access-Control-Allow-Credentials", "true");
    response_header(response, "Access-Control-Expose-Headers",
                    "Link, Retry-After, Idempotent-Replay, Restmq-Key, Restmq-Lease, "
                    "Restmq-Lease-Until, Restmq-Deliveries, Restmq-Count");
    if (!is_options)
        return;
    response_header(response, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
    response_header(response, "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, Idempotency-Key, X-Authkey");
    response_header(response, "Access-Control-Max-Age", "600");
}
