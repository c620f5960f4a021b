/* pushing.c - pushes that are safe to repeat.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/pushing.h"

#include <string.h>

#include "base/limits.h"
#include "cli/request_path.h"

enum outcome pushing_send(const struct pushing *pushing, const char *body, size_t len, int lines,
                          const char *once, struct result *answer)
{
    struct request_path target = {0};
    bool is_batch = lines > 1;
    struct ask ask = {
        .method = "POST",
        .type = is_batch ? "application/x-ndjson" : "application/octet-stream",
        .body = body,
        .len = lines == 1 ? len - 1 : len,
        .once = once,
        .repeat = REPEAT_SAFE,
    };
    enum outcome outcome;

    path_begin(&target, "q", pushing->queue);
    path_add(&target, "ttl", pushing->ttl);
    path_add(&target, "delay", pushing->delay);
    ask.target = target.text.data;
    outcome = client_ask(pushing->client, &ask, answer);
    path_clear(&target);
    return outcome;
}

int pushing_cut(const char *bytes, size_t len, size_t *used)
{
    int lines = 0;

    *used = 0;
    while (lines < LIMIT_BATCH) {
        const char *end = memchr(bytes + *used, '\n', len - *used);
        size_t behind = end ? (size_t)(end + 1 - bytes) : 0;

        if (!end || (lines > 0 && behind - (size_t)(lines + 1) > LIMIT_BATCH_BYTES))
            break;
        *used = behind;
        lines++;
    }
    return lines;
}
