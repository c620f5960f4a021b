/* browse.c - /j/NAME with options: a queue's messages as they stand there, or one of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/browse.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "broker/browse.h"
#include "broker/claim.h"
#include "handlers/admit.h"
#include "handlers/handlers.h"
#include "handlers/queue.h"
#include "protocol/browsing.h"

static const char options[] = "state limit cursor cut match key raw";

/* A page under way, of one step or several; or one message. */
struct browsing {
    struct browse browse;
    struct claim claim; /* the one */
    bool is_raw;        /* its body is asked for as it is */
    bool sees_bodies;   /* whoever asks */
    int steps;          /* that are left */
    long long wanted;   /* messages that the page may still have */
    struct buffer rows; /* of the page, with commas between */
};

static void clear_browsing(void *state)
{
    struct browsing *browsing = state;

    buffer_clear(&browsing->rows);
}

bool browse_is_asked(const struct exchange *exchange)
{
    const struct form *form = &exchange->request.form;

    for (int i = 0; i < form->count; i++)
        if (text_is_listed(form->fields[i].name, form->fields[i].name_len, options))
            return true;
    return false;
}

/* --- the options ---------------------------------------------------------------------------- */

static enum status read_state(struct exchange *exchange, struct browse *browse)
{
    static const struct {
        const char *name, *letters;
    } states[] = {
        {"ready",   "r"},
        {"leased",  "l"},
        {"delayed", "d"}
    };
    const struct field *state = form_find(&exchange->request.form, "state");

    browse->states = "rld";
    if (!state)
        return STATUS_OK;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (text_is(state->value, state->value_len, states[i].name)) {
            browse->states = states[i].letters;
            return STATUS_OK;
        }
    return refuse(
        &exchange->reason, STATUS_BAD_VALUE,
        "state must be ready, leased or delayed; dead letters are the queue <queue>.dead");
}

static enum status read_match(struct exchange *exchange, struct browse *browse)
{
    const struct field *match = form_find(&exchange->request.form, "match");

    if (!match)
        return STATUS_OK;
    if (match->value_len < 1 || match->value_len > LIMIT_BROWSE_TEXT)
        return refuse(&exchange->reason, STATUS_BAD_VALUE, "match must have 1 to %d bytes",
                      LIMIT_BROWSE_TEXT);
    browse->text = match->value;
    browse->text_len = match->value_len;
    return STATUS_OK;
}

static enum status read_page(struct exchange *exchange, struct browsing *browsing)
{
    struct browse *browse = &browsing->browse;
    enum status status = read_state(exchange, browse);

    if (status == STATUS_OK && option_is_given(exchange, "raw"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "raw goes with key");
    if (status == STATUS_OK)
        status =
            option_number(exchange, "limit", 1, LIMIT_BROWSE, LIMIT_BROWSE / 2, &browsing->wanted);
    if (status == STATUS_OK)
        status = option_number(exchange, "cursor", 0, LIMIT_EXACT, 0, &browse->passed);
    return status == STATUS_OK ? read_match(exchange, browse) : status;
}

static enum status read_one(struct exchange *exchange, struct browsing *browsing)
{
    static const char *const others[] = {"state", "limit", "cursor", "match"};
    long long raw = 0;
    enum status status = option_number(exchange, "raw", 0, 1, 0, &raw);

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (option_is_given(exchange, others[i]))
            return refuse(&exchange->reason, STATUS_BAD_REQUEST, "key and %s do not go together",
                          others[i]);
    if (status == STATUS_OK && raw && option_is_given(exchange, "cut"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "raw and cut do not go together");
    browsing->is_raw = raw;
    return status == STATUS_OK ? queue_read_claim(exchange, &browsing->claim) : status;
}

/* --- a page --------------------------------------------------------------------------------- */

static enum status finish_page(struct exchange *exchange, enum status status);

static void begin_answer(struct exchange *exchange, const struct browsing *browsing)
{
    struct buffer *body = &exchange->response.body;

    buffer_add_text(body, "{\"queue\":");
    json_add_string(body, exchange->queue, strlen(exchange->queue));
    buffer_addf(body, ",\"now\":%lld", browsing->browse.now_ms);
    if (!browsing->sees_bodies)
        buffer_add_text(body, ",\"bodies\":false");
}

static enum status answer_rows(struct exchange *exchange, const struct browsing *browsing)
{
    struct buffer *body = &exchange->response.body;

    begin_answer(exchange, browsing);
    buffer_add_text(body, ",\"messages\":[");
    buffer_add(body, browsing->rows.len ? browsing->rows.data : "", browsing->rows.len);
    buffer_add_text(body, "]");
    if (browsing->browse.next >= 0)
        buffer_addf(body, ",\"cursor\":\"%lld\"", browsing->browse.next);
    buffer_add_text(body, "}\r\n");
    return STATUS_OK;
}

static enum status step(struct exchange *exchange)
{
    struct browsing *browsing = exchange->state;

    browsing->browse.most = browsing->wanted;
    browse_call(&exchange->call, &browsing->browse);
    return exchange_await(exchange, finish_page);
}

/* Only with a text that is looked for does a page have several steps. */
static enum status finish_page(struct exchange *exchange, enum status status)
{
    enum { FULL = 1024 * 1024 };
    struct browsing *browsing = exchange->state;
    struct browse *browse = &browsing->browse;

    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < browse->count; i++) {
        if (browsing->rows.len)
            buffer_add_text(&browsing->rows, ",");
        facts_write(&browse->rows[i], browsing->sees_bodies, &browsing->rows);
    }
    browsing->wanted -= browse->count;
    browse->passed = browse->next;
    if (browse->next < 0 || browsing->wanted == 0 || !browse->text_len ||
        browsing->rows.len >= FULL || --browsing->steps == 0)
        return answer_rows(exchange, browsing);
    return step(exchange);
}

/* --- one ------------------------------------------------------------------------------------ */

static enum status answer_raw(struct exchange *exchange, const struct facts *facts)
{
    struct response *response = &exchange->response;

    response->type = TYPE_BYTES;
    response_header(response, "Content-Disposition", "attachment; filename=\"message\"");
    response_header(response, "Restmq-Key", "%.*s", (int)facts->key_len, facts->key);
    buffer_add(&response->body, facts->body, facts->body_len);
    return STATUS_OK;
}

static enum status finish_one(struct exchange *exchange, enum status status)
{
    const struct browsing *browsing = exchange->state;
    struct buffer *body = &exchange->response.body;

    if (status != STATUS_OK)
        return status;
    if (browsing->is_raw)
        return answer_raw(exchange, browsing->browse.rows);
    begin_answer(exchange, browsing);
    buffer_add_text(body, ",\"message\":");
    facts_write(browsing->browse.rows, browsing->sees_bodies, body);
    buffer_add_text(body, "}\r\n");
    return STATUS_OK;
}

/* --- both ----------------------------------------------------------------------------------- */

/* The numbers of a queue may be seen by some who may not read its messages. */
static enum status on_right(struct exchange *exchange, enum status may_read)
{
    struct browsing *browsing = exchange->state;
    struct browse *browse = &browsing->browse;

    browsing->sees_bodies = browse->looks_into_bodies = may_read == STATUS_OK;
    if (!browsing->sees_bodies && browsing->is_raw)
        return may_read;
    if (!browsing->sees_bodies)
        browse->cut = 0;
    if (!browsing->claim.key)
        return step(exchange);
    if (browsing->is_raw)
        browse->cut = LIMIT_EXACT;
    browse_one_call(&exchange->call, &browsing->claim, browse);
    return exchange_await(exchange, finish_one);
}

enum status begin_browse(struct exchange *exchange)
{
    enum { CUT = 1024 };
    struct browsing *browsing = exchange_state(exchange, sizeof(*browsing), clear_browsing);
    struct browse *browse = &browsing->browse;
    bool is_one = option_is_given(exchange, "key");
    enum status status = option_number(exchange, "cut", 0, LIMIT_BROWSE_CUT, CUT, &browse->cut);

    browse->queue = exchange->queue;
    browsing->steps = LIMIT_BROWSE_STEPS;
    if (status == STATUS_OK)
        status = is_one ? read_one(exchange, browsing) : read_page(exchange, browsing);
    return status == STATUS_OK ? admit_sees(exchange, RIGHT_CONSUMER, on_right) : status;
}
