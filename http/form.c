/* form.c - names and values from a query string or a form body.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/form.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "http/uri.h"

enum status form_add(struct form *form, const struct field *field, struct reason *reason)
{
    if (form->count == LIMIT_FIELDS)
        return refuse(reason, STATUS_BAD_REQUEST, "more than %d fields", LIMIT_FIELDS);
    form->fields[form->count++] = *field;
    return STATUS_OK;
}

static enum status add_field(struct form *form, char *text, size_t len, struct reason *reason)
{
    char *equals = memchr(text, '=', len);
    size_t raw_name = equals ? (size_t)(equals - text) : len;
    char *value = equals ? equals + 1 : text + len;
    long name_len = uri_decode(text, raw_name, 1);
    long value_len = uri_decode(value, (size_t)(text + len - value), 1);

    if (name_len < 0 || value_len < 0)
        return refuse(reason, STATUS_BAD_REQUEST, "broken percent escape");
    text[name_len] = '\0'; /* where "=", "&" or the end of the text was, or before */
    value[value_len] = '\0';
    return form_add(form,
                    &(struct field){
                        .name = text,
                        .name_len = (size_t)name_len,
                        .value = value,
                        .value_len = (size_t)value_len,
                        .has_value = equals != NULL,
                    },
                    reason);
}

enum status form_parse(struct form *form, char *text, size_t len, struct reason *reason)
{
    size_t at = 0;

    while (at < len) {
        char *end = memchr(text + at, '&', len - at);
        size_t field = end ? (size_t)(end - (text + at)) : len - at;

        if (field > 0) { /* "a=1&&b=2" is a=1 and b=2 */
            enum status status = add_field(form, text + at, field, reason);

            if (status != STATUS_OK)
                return status;
        }
        at += field + 1;
    }
    return STATUS_OK;
}

const struct field *form_find(const struct form *form, const char *name)
{
    for (int i = form->count - 1; i >= 0; i--)
        if (text_is(form->fields[i].name, form->fields[i].name_len, name))
            return &form->fields[i];
    return NULL;
}

static bool is_same_name(const struct field *a, const struct field *b)
{
    return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

const struct field *form_find_twice(const struct form *form)
{
    for (int i = 1; i < form->count; i++)
        for (int earlier = 0; earlier < i; earlier++)
            if (is_same_name(&form->fields[i], &form->fields[earlier]) &&
                !text_is(form->fields[i].name, form->fields[i].name_len, "_"))
                return &form->fields[i];
    return NULL;
}

void form_drop(struct form *form, const char *names)
{
    int kept = 0;

    for (int i = 0; i < form->count; i++)
        if (!text_is_listed(form->fields[i].name, form->fields[i].name_len, names))
            form->fields[kept++] = form->fields[i];
    form->count = kept;
}

const struct field *form_find_unknown(const struct form *form, const char *known)
{
    for (int i = 0; i < form->count; i++) {
        const struct field *field = &form->fields[i];

        if (!text_is_listed(field->name, field->name_len, known) &&
            !text_is_listed(field->name, field->name_len, "callback authkey _"))
            return field;
    }
    return NULL;
}

enum status form_number(const struct form *form, const char *name, long long low, long long high,
                        long long fallback, long long *number, struct reason *reason)
{
    const struct field *field = form_find(form, name);

    *number = fallback;
    if (!field || number_parse(field->value, field->value_len, low, high, number))
        return STATUS_OK;
    if (low == high)
        return refuse(reason, STATUS_BAD_VALUE, "%s must be %lld", name, low);
    return refuse(reason, STATUS_BAD_VALUE, "%s must be a whole number from %lld to %lld", name,
                  low, high);
}
