/* replay_id.c - ids of messages on channels that remember.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/replay_id.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"

static bool is_epoch(const char *text, size_t len)
{
    if (len < 1 || len >= REPLAY_EPOCH)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!text[i] || !strchr("0123456789abcdef", text[i]))
            return false;
    return true;
}

bool replay_id_read(const char *text, size_t len, struct replay_id *id)
{
    const char *first = memchr(text, '-', len), *last = memrchr(text, '-', len);
    size_t epoch_len = first ? (size_t)(first - text) : 0;

    *id = (struct replay_id){.epoch = "-"};
    if (!is_epoch(text, epoch_len) || first == last ||
        !number_parse(first + 1, (size_t)(last - first) - 1, 0, LIMIT_EXACT, &id->ms) ||
        !number_parse(last + 1, (size_t)(text + len - last) - 1, 0, LIMIT_EXACT, &id->number))
        return false;
    memcpy(id->epoch, text, epoch_len);
    id->epoch[epoch_len] = '\0';
    return true;
}

void replay_id_write(const struct replay_id *id, char text[REPLAY_ID])
{
    snprintf(text, REPLAY_ID, "%s-%lld-%lld", id->epoch, id->ms, id->number);
}
