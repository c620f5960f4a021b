/* question.c - verbs that ask once and print the answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/question.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/display.h"

bool question_begin(struct question *question, const struct order *order, enum outcome *outcome)
{
    *question = (struct question){.order = order};
    question->client = client_open(order, outcome);
    return question->client;
}

enum outcome question_send(struct question *question, const char *method, enum repeat repeat)
{
    struct ask ask = {
        .method = method,
        .target = question->target.text.data,
        .repeat = repeat,
    };

    return client_must(question->client, &ask, &question->answer);
}

/* The query of the next page is relative to the path. */
static void turn_page(struct question *question)
{
    struct buffer *text = &question->target.text;
    char *query = strchr(text->data, '?');

    if (query) {
        *query = '\0';
        text->len = (size_t)(query - text->data);
    }
    buffer_addf(text, "?%s", question->answer.next);
}

enum outcome question_pages(struct question *question, question_page *page, void *user)
{
    enum outcome outcome = question_send(question, "GET", REPEAT_SAFE);

    while (outcome == OUTCOME_DONE) {
        page(user, &question->answer);
        if (!*question->answer.next)
            return OUTCOME_DONE;
        turn_page(question);
        outcome = question_send(question, "GET", REPEAT_SAFE);
    }
    return outcome;
}

void question_end(struct question *question)
{
    path_clear(&question->target);
    result_clear(&question->answer);
    client_close(question->client);
}

bool question_print_json(const struct question *question)
{
    if (!question->order->options[ORDER_JSON])
        return false;
    print_json(&question->answer.body);
    return true;
}

bool question_is_sure(const struct order *order, int option, const char *question, ...)
{
    va_list arguments;
    char text[512];

    if (order->options[option])
        return true;
    if (!is_person_there()) {
        order_refuse(order, "nobody is there to be asked: say --%s",
                     order->verb->options[option].name);
        return false;
    }
    va_start(arguments, question);
    vsnprintf(text, sizeof(text), question, arguments);
    va_end(arguments);
    return ask_person(text);
}
