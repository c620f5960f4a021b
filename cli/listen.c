/* listen.c - the verbs pub and sub, and who --follow.
 *
 * A stream is read as server-sent events, where a text of several lines is told from several texts.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/display.h"
#include "cli/letter.h"
#include "cli/question.h"
#include "cli/verbs.h"

enum { AGAIN_MS = 1000, EVENT_BYTES = 16 * 1024 * 1024 };

/* --- pub ------------------------------------------------------------------------------------ */

static bool read_input(struct buffer *message)
{
    ssize_t count;

    do {
        buffer_reserve(message, 65536);
        count = read(STDIN_FILENO, message->data + message->len, 65536);
        message->len += count > 0 ? (size_t)count : 0;
    } while (count > 0 && message->len <= EVENT_BYTES);
    return count >= 0;
}

enum outcome pub_verb(const struct order *order)
{
    struct ask ask = {.method = "POST", .type = "application/octet-stream"};
    struct buffer message = {0};
    struct json_object *object;
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    if (order->count == 2)
        buffer_add_text(&message, order->words[1]);
    else if (!read_input(&message)) {
        buffer_clear(&message);
        question_end(&question);
        return order_fail("the message could not be read");
    }
    path_begin(&question.target, "pub", order->words[0]);
    ask.target = question.target.text.data;
    ask.body = message.data;
    ask.len = message.len;
    outcome = client_must(question.client, &ask, &question.answer);
    if (outcome == OUTCOME_DONE && !question_print_json(&question)) {
        object = json_of(&question.answer.body);
        printf("%lld\n", json_number(object, "receivers"));
        json_object_put(object);
    }
    buffer_clear(&message);
    question_end(&question);
    return outcome;
}

/* --- events --------------------------------------------------------------------------------- */

struct event_reader {
    const struct order *order;
    struct buffer line;      /* that has begun */
    struct buffer data;      /* of the event in hand, a line feed behind each line */
    bool is_binary;          /* its data are base64 */
    bool has_data, is_whole; /* whole: standard output took everything */
};

static void print_event(const struct event_reader *listener, const char *data, size_t len)
{
    struct buffer line = {0};

    if (!listener->order->options[ORDER_JSON] || *listener->order->verb->name == 'w') {
        fwrite(data, 1, len, stdout);
        putchar('\n');
        return;
    }
    buffer_add_text(&line, "{\"channel\":");
    json_add_string(&line, listener->order->words[0], strlen(listener->order->words[0]));
    buffer_add_text(&line, ",\"value\":");
    if (utf8_is_valid(data, len))
        json_add_string(&line, data, len);
    else {
        buffer_add_text(&line, "\"");
        base64_add(&line, data, len);
        buffer_add_text(&line, "\",\"encoding\":\"base64\"");
    }
    buffer_add_text(&line, "}\n");
    fwrite(line.data, 1, line.len, stdout);
    buffer_clear(&line);
}

static void end_event(struct event_reader *listener)
{
    size_t len = listener->data.len ? listener->data.len - 1 : 0;
    char *bytes;
    long decoded;

    if (listener->has_data && listener->is_binary) {
        bytes = xmalloc(len / 4 * 3 + 1);
        decoded = base64_decode(listener->data.data, len, bytes);
        if (decoded >= 0)
            print_event(listener, bytes, (size_t)decoded);
        free(bytes);
    } else if (listener->has_data)
        print_event(listener, len ? listener->data.data : "", len);
    if (listener->has_data)
        listener->is_whole = output_is_written();
    buffer_reset(&listener->data);
    listener->has_data = listener->is_binary = false;
}

static void end_line(struct event_reader *listener)
{
    const char *text = listener->line.len ? listener->line.data : "";
    size_t len = listener->line.len;

    if (len == 0)
        end_event(listener);
    else if (len >= 5 && memcmp(text, "data:", 5) == 0) {
        size_t from = len > 5 && text[5] == ' ' ? 6 : 5;

        listener->has_data = true;
        buffer_add(&listener->data, text + from, len - from);
        buffer_add(&listener->data, "\n", 1);
    } else if (len == 13 && memcmp(text, "event: binary", 13) == 0)
        listener->is_binary = true;
    buffer_reset(&listener->line);
}

static bool on_piece(void *user, const char *data, size_t len)
{
    struct event_reader *listener = user;

    for (size_t i = 0; i < len; i++)
        if (data[i] == '\n')
            end_line(listener);
        else if (data[i] != '\r')
            buffer_add(&listener->line, data + i, 1);
    return listener->is_whole && listener->line.len < EVENT_BYTES &&
           listener->data.len < EVENT_BYTES;
}

/* Comes again as often as the stream ends, like an EventSource; who may not listen is told. */
static enum outcome listen_to(const struct order *order, const char *resource)
{
    struct event_reader listener = {.order = order, .is_whole = true};
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, resource, order->words[0]);
    for (;;) {
        outcome = client_stream(question.client, question.target.text.data, on_piece, &listener,
                                &question.answer);
        if (outcome == OUTCOME_DONE || (outcome != OUTCOME_UNREACHED &&
                                        outcome != OUTCOME_UNKNOWN && outcome != OUTCOME_LATER))
            break;
        order_fail("%s; something may be missed until it is there again", question.answer.why);
        buffer_reset(&listener.line);
        buffer_reset(&listener.data);
        listener.has_data = listener.is_binary = false;
        nanosleep(
            &(struct timespec){.tv_nsec = AGAIN_MS % 1000 * 1000000, .tv_sec = AGAIN_MS / 1000},
            NULL);
    }
    if (outcome == OUTCOME_DONE)
        outcome = OUTCOME_FAILED; /* standard output is full, and the end of the program says so */
    else
        order_fail("%s", question.answer.why);
    buffer_clear(&listener.line);
    buffer_clear(&listener.data);
    question_end(&question);
    return outcome;
}

enum outcome sub_verb(const struct order *order)
{
    return listen_to(order, "sub");
}

enum outcome who_verb(const struct order *order)
{
    if (!order->options[WHO_FOLLOW])
        return who_list(order);
    if (!order->count)
        return order_refuse(order, "--follow is about one topic");
    return listen_to(order, "who");
}
