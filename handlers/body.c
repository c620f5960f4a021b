/* body.c - the message that a request brings.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/body.h"

static const struct field *find_field(const struct form *form, const struct body_fields *fields)
{
    const struct field *found = NULL;

    for (int i = 0; fields->names[i]; i++) {
        const struct field *field = form_find(form, fields->names[i]);

        if (field && (!found || found->value_len == 0))
            found = field;
    }
    return found;
}

enum status body_read(struct exchange *exchange, const struct body_fields *fields,
                      struct body *body)
{
    const struct request *request = &exchange->request;
    const struct field *field = find_field(&request->form, fields);

    if (!request->is_form && field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "the body is the message, so there must be no option %s", fields->words);
    if (request->is_form && !field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no field %s; to send a body as it is, say "
                      "Content-Type: text/plain or the like",
                      fields->words);
    *body = field ? (struct body){field->value, field->value_len}
                  : (struct body){request->body.data, request->body.len};
    return STATUS_OK;
}
