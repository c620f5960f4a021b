/* asking.c - verbs that ask once and print the answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/asking.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/display.h"

bool asking_begin(struct asking *asking, const struct order *order, enum outcome *outcome)
{
    *asking = (struct asking){.order = order};
    asking->client = client_open(order, outcome);
    return asking->client;
}

enum outcome asking_send(struct asking *asking, const char *method, enum repeat repeat)
{
    struct ask ask = {
        .method = method,
        .target = asking->target.text.data,
        .repeat = repeat,
    };

    return client_must(asking->client, &ask, &asking->answer);
}

/* The query of the next page is relative to the path. */
static void turn_page(struct asking *asking)
{
    struct buffer *text = &asking->target.text;
    char *query = strchr(text->data, '?');

    if (query) {
        *query = '\0';
        text->len = (size_t)(query - text->data);
    }
    buffer_addf(text, "?%s", asking->answer.next);
}

enum outcome asking_pages(struct asking *asking, asking_page *page, void *user)
{
    enum outcome outcome = asking_send(asking, "GET", REPEAT_SAFE);

    while (outcome == OUTCOME_DONE) {
        page(user, &asking->answer);
        if (!*asking->answer.next)
            return OUTCOME_DONE;
        turn_page(asking);
        outcome = asking_send(asking, "GET", REPEAT_SAFE);
    }
    return outcome;
}

void asking_end(struct asking *asking)
{
    target_clear(&asking->target);
    answer_clear(&asking->answer);
    client_close(asking->client);
}

bool asking_print_json(const struct asking *asking)
{
    if (!asking->order->options[ORDER_JSON])
        return false;
    print_json(&asking->answer.body);
    return true;
}

bool asking_is_sure(const struct order *order, int option, const char *question, ...)
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
