/* json.c - JSON text in and out.
 *
 * Text is written by a table, the same bytes as json-c's: that one calls printf() for each control
 * byte, which for a message of many took seconds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/json.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "base/utf8.h"

/* The four digits of a \u escape, or -1. */
static long hex4(const char *digits, size_t len)
{
    char text[5] = "";

    if (len < 4)
        return -1;
    memcpy(text, digits, 4);
    return strspn(text, "0123456789abcdefABCDEF") == 4 ? strtol(text, NULL, 16) : -1;
}

/* Length of the escape that begins at the backslash; 0 when it is none.  A surrogate is good only
 * in a pair: json-c would quietly put U+FFFD for it. */
static size_t escape_len(const char *text, size_t len)
{
    long code;

    if (len < 2)
        return 0;
    if (text[1] != 'u')
        return strchr("\"\\/bfnrt", text[1]) && text[1] ? 2 : 0;
    code = hex4(text + 2, len - 2);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return 0;
    if (code < 0xd800 || code > 0xdbff)
        return 6;
    code = len >= 12 && text[6] == '\\' && text[7] == 'u' ? hex4(text + 8, len - 8) : -1;
    return code >= 0xdc00 && code <= 0xdfff ? 12 : 0;
}

/* Length of the string with its quotes, or 0. */
static size_t string_len(const char *text, size_t len)
{
    size_t at = 1;

    while (at < len && text[at] != '"') {
        size_t step = text[at] == '\\' ? escape_len(text + at, len - at) : 1;

        if (step == 0 || (unsigned char)text[at] < 0x20)
            return 0;
        at += step;
    }
    return at < len ? at + 1 : 0;
}

/* Is there the escape of a NUL?  (An escaped backslash before "u0000" is none.) */
static bool has_nul(const char *string, size_t len)
{
    for (size_t at = 0; at + 6 <= len; at += string[at] == '\\' ? 2 : 1)
        if (memcmp(string + at, "\\u0000", 6) == 0)
            return true;
    return false;
}

/* Is the string a member's name with a NUL inside?  json-c would cut it there. */
static bool is_cut_name(const char *string, size_t len, const char *end)
{
    const char *next = string + len;

    while (next < end && strchr(" \t\r\n", *next) && *next)
        next++;
    return next < end && *next == ':' && has_nul(string, len);
}

/* Length of the number that begins here; 0 when it is none.  The text ends with a NUL. */
static size_t number_len(const char *text)
{
    const char *whole = text + (*text == '-');
    bool has_leading_zero = whole[0] == '0' && whole[1] >= '0' && whole[1] <= '9';

    return has_leading_zero ? 0 : number_real_len(text);
}

/* What json-c takes besides RFC 8259: single quotes, comments, NaN and Infinity, literals in
 * capitals, numbers like "-01" and "1.", raw control bytes in strings.  Counts the members of all
 * objects: of several of one name json-c takes the last. */
static bool is_strict(const char *text, size_t len, int *members)
{
    size_t at = 0;
    int values = 0;

    *members = 0;
    while (at < len) {
        size_t step = 1;

        if (text[at] == '"') {
            step = string_len(text + at, len - at);
            if (is_cut_name(text + at, step, text + len))
                return false;
        } else if (text[at] == '-' || (text[at] >= '0' && text[at] <= '9')) {
            step = number_len(text + at);
        } else if (!text[at] || !strchr("{}[]:,trufalsen \t\r\n", text[at])) {
            return false;
        }
        if (step == 0 || (strchr("{[,", text[at]) && ++values > LIMIT_JSON_VALUES))
            return false;
        *members += text[at] == ':';
        at += step;
    }
    return true;
}

/* Of all objects in it. */
static int count_members(struct json_object *value)
{
    int count = 0;

    if (json_object_is_type(value, json_type_array))
        for (size_t i = 0; i < json_object_array_length(value); i++)
            count += count_members(json_object_array_get_idx(value, i));
    if (!json_object_is_type(value, json_type_object))
        return count;
    json_object_object_foreach(value, name, member)
    {
        (void)name;
        count += 1 + count_members(member);
    }
    return count;
}

static enum status check_whole(struct json_object *value, int members, bool has_more,
                               struct reason *reason)
{
    if (has_more)
        return refuse(reason, STATUS_BAD_REQUEST, "something follows the JSON text");
    if (members > count_members(value))
        return refuse(reason, STATUS_BAD_REQUEST, "a member is there twice");
    return STATUS_OK;
}

enum status json_parse(const char *text, size_t len, struct json_object **value,
                       struct reason *reason)
{
    struct json_tokener *tokener;
    enum json_tokener_error error;
    enum status status;
    int members;
    size_t end;

    if (!utf8_is_valid(text, len))
        return refuse(reason, STATUS_BAD_REQUEST, "this is no valid UTF-8");
    if (!is_strict(text, len, &members))
        return refuse(reason, STATUS_BAD_REQUEST, "this is no JSON, or has over %d values",
                      LIMIT_JSON_VALUES);
    tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH);
    if (!tokener)
        abort(); /* out of memory */
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    *value = json_tokener_parse_ex(tokener, text, (int)len + 1); /* the NUL ends a number */
    error = json_tokener_get_error(tokener);
    end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (error == json_tokener_continue)
        return refuse(reason, STATUS_BAD_REQUEST, "this is no complete JSON text");
    if (error != json_tokener_success)
        return refuse(reason, STATUS_BAD_REQUEST, "this is no JSON: %s",
                      json_tokener_error_desc(error));
    status = check_whole(*value, members, end + strspn(text + end, " \t\r\n") < len, reason);
    if (status != STATUS_OK)
        json_object_put(*value);
    return status;
}

/* --- out ----------------------------------------------------------------------------------- */

/* The letter behind the backslash; 'u' for the long form, 0 for a byte that stays as it is. */
static const char escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

static const char long_forms[32][JSON_ESCAPE + 1] = {
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
    "\\u0008", "\\u0009", "\\u000a", "\\u000b", "\\u000c", "\\u000d", "\\u000e", "\\u000f",
    "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
    "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
};

static char *write_escape(char *out, unsigned char byte)
{
    if (escapes[byte] == 'u') {
        memcpy(out, long_forms[byte], JSON_ESCAPE);
        return out + JSON_ESCAPE;
    }
    *out++ = '\\';
    *out++ = escapes[byte];
    return out;
}

/* out has room for JSON_ESCAPE times len. */
static char *write_escaped(char *out, const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t plain = at;

        while (plain < len && !escapes[(unsigned char)text[plain]])
            plain++;
        memcpy(out, text + at, plain - at);
        out += plain - at;
        at = plain;
        while (at < len && escapes[(unsigned char)text[at]])
            out = write_escape(out, (unsigned char)text[at++]);
    }
    return out;
}

size_t json_string_len(const char *text, size_t len)
{
    size_t all = len + 2;

    for (size_t i = 0; i < len; i++) {
        char escape = escapes[(unsigned char)text[i]];

        all += !escape ? 0 : escape == 'u' ? JSON_ESCAPE - 1 : 1;
    }
    return all;
}

void json_add_string(struct buffer *out, const char *text, size_t len)
{
    enum { PIECE = 4096 }; /* room is made for the longest that one may become */

    buffer_add(out, "\"", 1);
    while (len) {
        size_t piece = len < PIECE ? len : PIECE;

        buffer_reserve(out, JSON_ESCAPE * piece);
        out->len = (size_t)(write_escaped(out->data + out->len, text, piece) - out->data);
        text += piece;
        len -= piece;
    }
    buffer_add(out, "\"", 1);
}

static void add_value(struct buffer *out, struct json_object *value);

static void add_object(struct buffer *out, struct json_object *object)
{
    const char *before = "{";

    json_object_object_foreach(object, name, member)
    {
        buffer_add(out, before, 1);
        json_add_string(out, name, strlen(name));
        buffer_add(out, ":", 1);
        add_value(out, member);
        before = ",";
    }
    buffer_add_text(out, *before == '{' ? "{}" : "}");
}

static void add_array(struct buffer *out, struct json_object *array)
{
    size_t count = json_object_array_length(array);

    buffer_add(out, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_add(out, ",", 1);
        add_value(out, json_object_array_get_idx(array, i));
    }
    buffer_add(out, "]", 1);
}

/* Numbers, true, false, null. */
static void add_other(struct buffer *out, struct json_object *value)
{
    size_t len;
    const char *text = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &len);

    if (!text)
        abort(); /* out of memory */
    buffer_add(out, text, len);
}

static void add_value(struct buffer *out, struct json_object *value)
{
    if (json_object_is_type(value, json_type_string))
        json_add_string(out, json_object_get_string(value),
                        (size_t)json_object_get_string_len(value));
    else if (json_object_is_type(value, json_type_object))
        add_object(out, value);
    else if (json_object_is_type(value, json_type_array))
        add_array(out, value);
    else
        add_other(out, value);
}

struct json_object *json_new_thousandths(long long thousandths)
{
    double number = (double)thousandths / 1000;
    char text[NUMBER_REAL];

    number_print_real(number, text);
    return json_object_new_double_s(number, text);
}

void json_render(struct json_object *object, struct buffer *out)
{
    add_value(out, object);
    json_object_put(object);
}
