/* multipart.c - names and values from a body of multipart/form-data (RFC 7578), strictly.
 *
 * What clients in the field differ in is let pass: an empty line before the first boundary, none
 * behind the last one, header fields of a part that do not change what its value is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/multipart.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY = 70 }; /* bytes at most (RFC 2046) */

/* Bytes of the body, or of Content-Type. */
struct span {
    const char *at;
    size_t len;
};

struct multipart {
    char *at, *end;               /* what was not read yet */
    char delimiter[BOUNDARY + 5]; /* "\r\n--boundary" */
    size_t delimiter_len;
    struct reason *reason;
};

static enum status broken(struct reason *reason, const char *complaint)
{
    return refuse(reason, STATUS_BAD_REQUEST, "multipart/form-data: %s", complaint);
}

static bool piece_is(struct span piece, const char *word)
{
    return piece.len == strlen(word) && strncasecmp(piece.at, word, piece.len) == 0;
}

static bool starts_with(const char *at, const char *end, const char *start, size_t len)
{
    return (size_t)(end - at) >= len && memcmp(at, start, len) == 0;
}

/* --- values with parameters: form-data; name="value"
 * ---------------------------------------------- */

static void skip_blanks(struct span *rest)
{
    while (rest->len && (*rest->at == ' ' || *rest->at == '\t'))
        rest->at++, rest->len--;
}

/* Takes what stands before the first of these bytes, or all. */
static struct span take_until(struct span *rest, const char *stops)
{
    struct span piece = {rest->at, 0};

    while (rest->len && !strchr(stops, *rest->at))
        rest->at++, rest->len--, piece.len++;
    return piece;
}

/* Behind its first quote; backslashes stay.  False: there is no second quote. */
static bool take_quoted(struct span *rest, struct span *value)
{
    *value = (struct span){rest->at, 0};
    while (rest->len && *rest->at != '"') {
        size_t step = *rest->at == '\\' && rest->len > 1 ? 2 : 1;

        rest->at += step, rest->len -= step, value->len += step;
    }
    if (!rest->len)
        return false;
    rest->at++, rest->len--;
    return true;
}

/* The next "; name=value".  False at the end of the text, and where it is broken: then rest is not
 * empty. */
static bool next_parameter(struct span *rest, struct span *name, struct span *value)
{
    struct span all;

    skip_blanks(rest);
    all = *rest;
    if (!rest->len || *rest->at != ';')
        return false;
    rest->at++, rest->len--;
    skip_blanks(rest);
    if (!rest->len) /* a semicolon at the end */
        return false;
    *name = take_until(rest, "=; \t\"");
    if (name->len && rest->len && *rest->at == '=') {
        rest->at++, rest->len--;
        if (!rest->len || *rest->at != '"') {
            *value = take_until(rest, "; \t\"");
            return true;
        }
        rest->at++, rest->len--;
        if (take_quoted(rest, value))
            return true;
    }
    *rest = all;
    return false;
}

/* Finds the parameter, which must be there once; NULL in its place when it is not. */
static enum status find_parameter(struct span text, const char *wanted, struct span *found,
                                  struct reason *reason)
{
    struct span name, value;

    found->at = NULL;
    while (next_parameter(&text, &name, &value)) {
        if (!piece_is(name, wanted))
            continue;
        if (found->at)
            return refuse(reason, STATUS_BAD_REQUEST, "multipart/form-data: more than one %s",
                          wanted);
        *found = value;
    }
    return text.len ? broken(reason, "a parameter is no name=value") : STATUS_OK;
}

/* --- the boundary ----------------------------------------------------------------------------- */

static bool is_boundary(struct span text)
{
    static const char others[] = "'()+_,-./:=? ";

    if (text.len == 0 || text.len > BOUNDARY || text.at[text.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        bool is_alphanumeric = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                               (byte >= '0' && byte <= '9');

        if (!is_alphanumeric && (!byte || !strchr(others, byte)))
            return false;
    }
    return true;
}

static enum status find_boundary(struct multipart *parts, const char *type)
{
    struct span rest = {type + strcspn(type, "; \t"), 0}, boundary;
    enum status status;

    rest.len = strlen(rest.at);
    status = find_parameter(rest, "boundary", &boundary, parts->reason);
    if (status != STATUS_OK)
        return status;
    if (!boundary.at || !is_boundary(boundary))
        return broken(parts->reason, "Content-Type needs boundary= and 1 to 70 bytes");
    memcpy(parts->delimiter, "\r\n--", 4);
    memcpy(parts->delimiter + 4, boundary.at, boundary.len);
    parts->delimiter_len = 4 + boundary.len;
    return STATUS_OK;
}

/* The first one may do without the line break before it. */
static enum status skip_first_delimiter(struct multipart *parts)
{
    size_t left_out = starts_with(parts->at, parts->end, "\r\n", 2) ? 0 : 2;

    if (!starts_with(parts->at, parts->end, parts->delimiter + left_out,
                     parts->delimiter_len - left_out))
        return broken(parts->reason, "the body does not begin with its boundary");
    parts->at += parts->delimiter_len - left_out;
    return STATUS_OK;
}

/* Behind a delimiter: does a part follow? */
static enum status read_delimiter_end(struct multipart *parts, bool *follows)
{
    *follows = starts_with(parts->at, parts->end, "\r\n", 2);
    if (!*follows && !starts_with(parts->at, parts->end, "--", 2))
        return broken(parts->reason, "a line goes on behind its boundary");
    parts->at += 2;
    if (*follows || parts->at == parts->end ||
        (parts->end - parts->at == 2 && starts_with(parts->at, parts->end, "\r\n", 2)))
        return STATUS_OK;
    return broken(parts->reason, "something follows the last boundary");
}

/* --- one part
 * ------------------------------------------------------------------------------------- */

static enum status read_disposition(struct span value, struct span *name, struct reason *reason)
{
    struct span kind = take_until(&value, "; \t");
    enum status status;

    if (name->at)
        return broken(reason, "more than one Content-Disposition in a part");
    if (!piece_is(kind, "form-data"))
        return broken(reason, "Content-Disposition must be form-data");
    status = find_parameter(value, "name", name, reason);
    if (status == STATUS_OK && !name->at)
        return broken(reason, "Content-Disposition needs name=");
    return status;
}

/* Is the value what it looks like? */
static enum status check_coding(struct span field, struct span value, struct reason *reason)
{
    if (piece_is(field, "content-type") && value.len >= 10 &&
        strncasecmp(value.at, "multipart/", 10) == 0)
        return broken(reason, "a part must not have parts");
    if (piece_is(field, "content-encoding") && !piece_is(value, "identity"))
        return broken(reason, "Content-Encoding of a part must be identity");
    if (piece_is(field, "content-transfer-encoding") && !piece_is(value, "binary") &&
        !piece_is(value, "8bit") && !piece_is(value, "7bit"))
        return broken(reason, "Content-Transfer-Encoding of a part must be binary, 8bit or 7bit");
    return STATUS_OK;
}

static bool has_control(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.at[i] < 0x20 && line.at[i] != '\t') || line.at[i] == 0x7f)
            return true;
    return false;
}

static enum status read_field(struct span line, struct span *name, struct reason *reason)
{
    struct span field = take_until(&line, ": \t");

    if (!field.len || !line.len || *line.at != ':' || has_control(line))
        return broken(reason, "a line of a part's head is no \"name: value\"");
    line.at++, line.len--;
    skip_blanks(&line);
    while (line.len && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
        line.len--;
    if (piece_is(field, "content-disposition"))
        return read_disposition(line, name, reason);
    return check_coding(field, line, reason);
}

/* Up to its empty line; finds the name. */
static enum status read_head(struct multipart *parts, struct span *name)
{
    const char *limit =
        parts->end - parts->at > LIMIT_PART_HEAD ? parts->at + LIMIT_PART_HEAD : parts->end;
    enum status status = STATUS_OK;
    struct span line;

    name->at = NULL;
    do {
        char *stop = memmem(parts->at, (size_t)(limit - parts->at), "\r\n", 2);

        if (!stop && limit < parts->end)
            return refuse(parts->reason, STATUS_BAD_REQUEST,
                          "multipart/form-data: the head of a part has at most %d bytes",
                          LIMIT_PART_HEAD);
        if (!stop)
            return broken(parts->reason, "the body ends within the head of a part");
        line = (struct span){parts->at, (size_t)(stop - parts->at)};
        parts->at = stop + 2;
        if (line.len)
            status = read_field(line, name, parts->reason);
    } while (status == STATUS_OK && line.len);
    if (status == STATUS_OK && !name->at)
        return broken(parts->reason, "a part has no Content-Disposition");
    return status;
}

/* What stands behind a name or a value is read already. */
static char *ended(const char *text, size_t len)
{
    char *end = (char *)text + len;

    *end = '\0';
    return end - len;
}

static enum status read_part(struct multipart *parts, struct form *form)
{
    struct span name;
    enum status status = read_head(parts, &name);
    char *value = parts->at, *stop;

    if (status != STATUS_OK)
        return status;
    stop = memmem(value, (size_t)(parts->end - value), parts->delimiter, parts->delimiter_len);
    if (!stop)
        return broken(parts->reason, "the body ends before its last boundary");
    parts->at = stop + parts->delimiter_len;
    return form_add(form,
                    &(struct field){
                        .name = ended(name.at, name.len),
                        .name_len = name.len,
                        .value = ended(value, (size_t)(stop - value)),
                        .value_len = (size_t)(stop - value),
                        .has_value = true,
                    },
                    parts->reason);
}

enum status multipart_parse(struct form *form, const char *type, char *body, size_t len,
                            struct reason *reason)
{
    struct multipart parts = {.at = body, .end = body ? body + len : body, .reason = reason};
    bool follows = false;
    enum status status = find_boundary(&parts, type);

    if (status == STATUS_OK)
        status = skip_first_delimiter(&parts);
    if (status == STATUS_OK)
        status = read_delimiter_end(&parts, &follows);
    while (status == STATUS_OK && follows) {
        status = read_part(&parts, form);
        if (status == STATUS_OK)
            status = read_delimiter_end(&parts, &follows);
    }
    return status;
}
