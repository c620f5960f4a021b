/* jobs.c - /j/NAME: a look at the newest messages of a queue; browse.c has it with options.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "broker/keys.h"
#include "broker/state.h"
#include "handlers/browse.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"
#include "http/accept.h"

/* Whatever else somebody put into the list is no job, and may be no text. */
static bool is_job(const struct exchange *exchange, const struct message *job)
{
    return message_key_is_of(job->key, job->key_len, exchange->queue);
}

static enum status answer_jobs_page(struct exchange *exchange, const struct queue_jobs *jobs)
{
    struct buffer *body = &exchange->response.body;

    answer_page(exchange, "messages");
    buffer_addf(body, "<p>queue: %s</p>\n<p>messages: %lld</p>\n<p>newest %d:</p>\n<ul>\n",
                exchange->queue, jobs->length, LIMIT_JOBS);
    for (int i = 0; i < jobs->count; i++)
        if (is_job(exchange, &jobs->jobs[i]))
            buffer_addf(body, "<li>%s</li>\n", jobs->jobs[i].key);
    buffer_add_text(body, "</ul>\n");
    return answer_page_end(exchange);
}

static enum status answer_jobs(struct exchange *exchange, const struct queue_jobs *jobs)
{
    struct json_object *answer = json_object_new_object(), *keys = json_object_new_array();

    for (int i = 0; i < jobs->count; i++)
        if (is_job(exchange, &jobs->jobs[i]))
            json_object_array_add(keys, json_object_new_string(jobs->jobs[i].key));
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "len", json_object_new_int64(jobs->length));
    json_object_object_add(answer, "jobs", keys);
    return answer_json(exchange, answer);
}

static enum status finish_jobs(struct exchange *exchange, enum status status)
{
    if (status != STATUS_OK)
        return status;
    response_header(&exchange->response, "Vary", "Accept");
    if (accept_prefers(exchange->request.head.accept, "application/json", "text/html"))
        return answer_jobs(exchange, exchange->state);
    return answer_jobs_page(exchange, exchange->state);
}

enum status get_jobs(struct exchange *exchange)
{
    struct queue_jobs *jobs;

    if (browse_is_asked(exchange))
        return begin_browse(exchange);
    jobs = exchange_state(exchange, sizeof(*jobs), NULL);
    queue_jobs_call(&exchange->call, exchange->queue, jobs);
    return exchange_await(exchange, finish_jobs);
}
