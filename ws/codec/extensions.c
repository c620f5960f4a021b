/* extensions.c - the extensions that a websocket's client offers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/extensions.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "ws/codec/deflate.h"
#include "ws/codec/head.h"

/* The list in one field, as it is read.  It ends with a NUL. */
struct scan {
    const char *at;
};

struct word {
    const char *text;
    size_t len;
};

/* One extension with its parameters. */
struct offer {
    bool is_served;
    unsigned seen; /* its parameters, by their bits */
    struct deflate_terms terms;
};

/* --- words ------------------------------------------------------------------------------------ */

static void skip_space(struct scan *scan)
{
    scan->at += strspn(scan->at, " \t");
}

/* Skips that byte and the space around it, if it comes next. */
static bool take_byte(struct scan *scan, char byte)
{
    skip_space(scan);
    if (*scan->at != byte)
        return false;
    scan->at++;
    skip_space(scan);
    return true;
}

static bool take_token(struct scan *scan, struct word *word)
{
    *word = (struct word){.text = scan->at};
    while (head_is_token_byte(scan->at[word->len]))
        word->len++;
    scan->at += word->len;
    return word->len > 0;
}

/* What is in quotes must be a token when it is not any more.  It is copied to the room as far as
 * there is any; a longer one has no meaning here. */
static bool take_quoted(struct scan *scan, struct word *word, char *room, size_t size)
{
    size_t len = 0;

    for (; *scan->at != '"'; scan->at++, len++) {
        scan->at += *scan->at == '\\';
        if (!head_is_token_byte(*scan->at))
            return false;
        if (len < size)
            room[len] = *scan->at;
    }
    scan->at++;
    *word = (struct word){room, len < size ? len : size};
    return len > 0;
}

/* --- parameters ------------------------------------------------------------------------------- */

enum { WITHOUT_VALUE = 1, WITH_VALUE = 2 };

static const struct parameter {
    const char *name;
    unsigned values; /* which there may be */
} parameters[] = {
    {"server_no_context_takeover", WITHOUT_VALUE             },
    {"client_no_context_takeover", WITHOUT_VALUE             },
    {"server_max_window_bits",     WITH_VALUE                },
    {"client_max_window_bits",     WITHOUT_VALUE | WITH_VALUE},
};

enum { SERVER_WINDOW = 2, PARAMETERS = sizeof(parameters) / sizeof(parameters[0]) };

/* The value is NULL where there is none.  Whatever window the client deflates with, we inflate with
 * the largest. */
static bool serve_parameter(struct offer *offer, const struct word *name, const struct word *value)
{
    enum { WINDOW_OF_RFC = 8 };
    long long window = 0;
    unsigned i = 0;

    while (i < PARAMETERS && !text_is(name->text, name->len, parameters[i].name))
        i++;
    if (i == PARAMETERS || offer->seen & 1U << i ||
        !(parameters[i].values & (value ? WITH_VALUE : WITHOUT_VALUE)))
        return false;
    offer->seen |= 1U << i;
    if (value && !number_parse(value->text, value->len, WINDOW_OF_RFC, WINDOW_MOST, &window))
        return false;
    if (i == SERVER_WINDOW)
        offer->terms = (struct deflate_terms){.window = (int)window, .is_limited = true};
    return i != SERVER_WINDOW || window >= WINDOW_LEAST;
}

static bool take_parameter(struct scan *scan, struct offer *offer)
{
    struct word name, value;
    char room[32];
    bool has_value;

    if (!take_token(scan, &name))
        return false;
    has_value = take_byte(scan, '=');
    if (has_value && *scan->at == '"') {
        scan->at++;
        if (!take_quoted(scan, &value, room, sizeof(room)))
            return false;
    } else if (has_value && !take_token(scan, &value)) {
        return false;
    }
    if (offer->is_served)
        offer->is_served = serve_parameter(offer, &name, has_value ? &value : NULL);
    return true;
}

/* --- lists ------------------------------------------------------------------------------------ */

static bool take_offer(struct scan *scan, struct offer *offer)
{
    struct word name;

    *offer = (struct offer){.terms = {.window = WINDOW_MOST}};
    if (!take_token(scan, &name))
        return false;
    offer->is_served = text_is(name.text, name.len, "permessage-deflate");
    while (take_byte(scan, ';'))
        if (!take_parameter(scan, offer))
            return false;
    return true;
}

/* Elements of a list may be empty. */
static bool read_list(const char *list, struct deflate_terms *terms)
{
    struct scan scan = {list};
    struct offer offer;

    while (take_byte(&scan, ','))
        ;
    while (*scan.at) {
        if (!take_offer(&scan, &offer))
            return false;
        if (offer.is_served && !terms->window)
            *terms = offer.terms;
        if (*scan.at && !take_byte(&scan, ','))
            return false;
        while (take_byte(&scan, ','))
            ;
    }
    return true;
}

enum status extensions_read(const struct head *head, struct deflate_terms *terms,
                            struct reason *reason)
{
    *terms = (struct deflate_terms){0};
    for (int i = 0; i < head->count; i++)
        if (strcmp(head->fields[i].name, "sec-websocket-extensions") == 0 &&
            !read_list(head->fields[i].value, terms))
            return refuse(reason, STATUS_BAD_REQUEST,
                          "Sec-WebSocket-Extensions is no list of extensions");
    return STATUS_OK;
}

void extensions_answer(const struct deflate_terms *terms, struct buffer *out)
{
    buffer_add_text(out,
                    "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    if (terms->is_limited)
        buffer_addf(out, "; server_max_window_bits=%d", terms->window);
}
