/* sample.c - samples of queues' numbers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/sample.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "broker/gauge.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

void sample_columns(const struct gauge *gauge, long long columns[SAMPLE_COLUMNS])
{
    long long out = gauge_out(gauge);

    columns[SAMPLE_PUSHED] = gauge->pushed;
    columns[SAMPLE_TAKEN] = out - gauge->acked;
    columns[SAMPLE_ACKED] = gauge->acked;
    columns[SAMPLE_LEASED] = gauge->leased;
    columns[SAMPLE_PASSED] =
        gauge->pushed - out - gauge->ready - gauge->leased - gauge->delayed - gauge->dead;
    columns[SAMPLE_RETURNED] = gauge->returned;
    columns[SAMPLE_DELAYED] = gauge->delayed;
    columns[SAMPLE_DEAD] = gauge->dead;
    columns[SAMPLE_DIED] = gauge->died;
}

long long sample_ready(const long long columns[SAMPLE_COLUMNS])
{
    return columns[SAMPLE_PUSHED] - columns[SAMPLE_TAKEN] - columns[SAMPLE_ACKED] -
           columns[SAMPLE_PASSED] - columns[SAMPLE_LEASED] - columns[SAMPLE_DELAYED] -
           columns[SAMPLE_DEAD];
}

static void add_line(struct call *call, const struct queue_sample *sample)
{
    char line[24 * (SAMPLE_COLUMNS + 4)];
    int len = snprintf(line, sizeof(line), "%lld", sample->time_ms);

    for (int i = 0; i < SAMPLE_COLUMNS; i++)
        len += snprintf(line + len, sizeof(line) - (size_t)len, " %lld", sample->columns[i]);
    snprintf(line + len, sizeof(line) - (size_t)len, " %lld %lld %lld", sample->before_ms,
             sample->before_pushed, sample->first);
    call_text(call, line, "", 0, "");
}

void samples_call(struct call *call, struct queue_samples *samples)
{
    call_begin(call, of_queue(samples->samples[0].queue), &script_sample, samples_result, samples);
    for (int i = 0; i < samples->count; i++) {
        char base[LIMIT_NAME + 1];

        queue_base_name(samples->samples[i].queue, base);
        keys_add_key(call, KEY_SAMPLED, samples->samples[i].queue);
        keys_add_key(call, KEY_HISTORY, samples->samples[i].queue);
        keys_add_key(call, KEY_SAMPLED, base);
    }
    for (int i = 0; i < samples->count; i++)
        add_line(call, &samples->samples[i]);
}

enum status samples_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct queue_samples *samples = call->result;

    if (!reply_is_array(reply, (size_t)samples->count))
        return reply_unexpected("sample", reason);
    for (int i = 0; i < samples->count; i++) {
        struct queue_sample *sample = &samples->samples[i];
        int is_written, is_bound;

        if (reply->element[i]->type != REDIS_REPLY_STRING ||
            sscanf(reply->element[i]->str, "%d %lld %lld %d %lld", &is_written, &sample->bytes,
                   &sample->pushed_s, &is_bound, &sample->sampled_ms) != 5)
            return reply_unexpected("sample", reason);
        sample->is_written = is_written == 1;
        sample->is_bound = is_bound == 1;
    }
    return STATUS_OK;
}

void sample_forget_call(struct call *call, const char *queue, bool all)
{
    call_begin(call, of_queue(queue), NULL, sample_forget_result, NULL);
    call->changes = CHANGE_SOME;
    call_bytes(call, "UNLINK", 6);
    keys_add_key(call, KEY_HISTORY, queue);
    if (all)
        keys_add_key(call, KEY_SAMPLED, queue);
}

enum status sample_forget_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call;
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("UNLINK", reason);
}
