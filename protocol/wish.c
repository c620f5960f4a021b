/* wish.c - the options of a take, or of a mere look.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/wish.h"

#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "broker/take.h"
#include "http/form.h"
#include "http/jsonp.h"
#include "protocol/member.h"

enum { WAIT_SECONDS = 20 }; /* unless the client says */

/* --- numbers ------------------------------------------------------------------------------- */

enum number { END, COUNT, LEASE, RAW, WAIT }; /* as in the table */

static const struct {
    const char *name;
    long long low, high, fallback;
} numbers[] = {
    {NULL,    0, 0,           0              },
    {"count", 1, LIMIT_BATCH, 1              },
    {"lease", 0, LIMIT_LEASE, LEASE_BY_POLICY},
    {"raw",   0, 1,           0              },
    {"wait",  0, LIMIT_WAIT,  WAIT_SECONDS   },
};

/* Where the options stand. */
struct wish_source {
    const struct form *form; /* NULL: in the JSON command */
    struct json_object *command;
};

static bool is_given(const struct wish_source *source, enum number number)
{
    if (source->form)
        return form_find(source->form, numbers[number].name) != NULL;
    return member_is_given(source->command, numbers[number].name);
}

static enum status read_number(const struct wish_source *source, enum number number,
                               long long *value, struct reason *reason)
{
    const char *name = numbers[number].name;
    long long low = numbers[number].low, high = numbers[number].high,
              fallback = numbers[number].fallback;

    if (source->form)
        return form_number(source->form, name, low, high, fallback, value, reason);
    return member_number(source->command, name, low, high, fallback, value, reason);
}

/* Reads them in that order: of several that are wrong, the client is told of the first. */
static enum status read_numbers(struct wish *wish, const enum number *order,
                                const struct wish_source *source, struct reason *reason)
{
    long long raw = 0;
    long long *values[] = {
        [COUNT] = &wish->count, [LEASE] = &wish->lease, [RAW] = &raw, [WAIT] = &wish->wait};
    enum status status = STATUS_OK;

    for (int i = 0; status == STATUS_OK && order[i] != END; i++)
        status = read_number(source, order[i], values[order[i]], reason);
    wish->asks |= (is_given(source, COUNT) ? WISH_COUNT : 0) |
                  (is_given(source, LEASE) ? WISH_LEASE : 0) | (raw ? WISH_RAW : 0);
    return status;
}

/* --- what goes with what ------------------------------------------------------------------- */

/* Options that do not go together; a row without a text ends the list. */
struct clash {
    unsigned one, others;
    const char *text;
};

static const struct clash clashes_of_get[] = {
    {WISH_COUNT, WISH_SOFT | WISH_RAW, "count goes with neither soft nor raw"                   },
    {WISH_KEY,   WISH_TAKE,            "key goes with soft=1: by its key a message is only read"},
    {WISH_SOFT,  WISH_LEASE,           "soft does not go with lease"                            },
    {WISH_RAW,   WISH_CALLBACK,        "raw does not go with callback"                          },
    {0,          0,                    NULL                                                     },
};

static const struct clash clashes_of_wait[] = {
    {WISH_RAW, WISH_COUNT | WISH_CALLBACK, "raw goes with neither count nor callback"},
    {0,        0,                          NULL                                      },
};

/* END ends them. */
static const enum number numbers_of_get[] = {RAW, COUNT, LEASE, END};
static const enum number numbers_of_wait[] = {WAIT, COUNT, LEASE, RAW, END};
static const enum number numbers_of_command[] = {COUNT, LEASE, END};

static const struct {
    const enum number *numbers; /* in the order in which they are read */
    const struct clash *clashes;
    size_t most;
} kinds[] = {
    [WISH_OF_GET] = {numbers_of_get,  clashes_of_get,  SIZE_MAX    },
    [WISH_OF_WAIT] = {numbers_of_wait, clashes_of_wait, LIMIT_ANSWER},
};

static enum status check_clashes(const struct wish *wish, const struct clash *clash,
                                 struct reason *reason)
{
    for (; clash->text; clash++)
        if (wish->asks & clash->one && wish->asks & clash->others)
            return refuse(reason, STATUS_BAD_REQUEST, "%s", clash->text);
    return STATUS_OK;
}

/* --- the readers --------------------------------------------------------------------------- */

bool wish_is_soft(const struct form *form)
{
    const struct field *soft = form_find(form, "soft");

    return soft && !text_is_listed(soft->value, soft->value_len, "0 false");
}

enum status wish_read(struct wish *wish, enum wish_kind kind, const struct form *form,
                      struct reason *reason)
{
    struct wish_source source = {.form = form};
    enum status status;

    *wish = (struct wish){
        .asks = (wish_is_soft(form) ? WISH_SOFT : WISH_TAKE) |
                (form_find(form, "key") ? WISH_KEY : 0) |
                (jsonp_is_asked(form) ? WISH_CALLBACK : 0),
        .most = kinds[kind].most,
    };
    status = read_numbers(wish, kinds[kind].numbers, &source, reason);
    return status == STATUS_OK ? check_clashes(wish, kinds[kind].clashes, reason) : status;
}

enum status wish_read_members(struct wish *wish, struct json_object *command, struct reason *reason)
{
    struct wish_source source = {.command = command};

    *wish = (struct wish){.asks = WISH_TAKE, .most = SIZE_MAX};
    return read_numbers(wish, numbers_of_command, &source, reason);
}
