/* head.c - the head of an HTTP/1.x request, strictly.
 *
 * New bytes are looked at once, for the blank line and for bytes that may stand nowhere; the lines
 * are cut when the head is complete.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/head.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/text.h"

/* Fields of which a second one is a contradiction, or an attempt to be read in two ways. */
static const char *const single[] = {
    "authorization",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "origin",
    "sec-fetch-site",
    "sec-websocket-draft",
    "sec-websocket-key",
    "sec-websocket-key1",
    "sec-websocket-key2",
    "sec-websocket-origin",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
    "websocket-protocol",
    "x-authkey",
    "x-forwarded-host",
    "x-forwarded-proto",
};

/* Web servers that hand fields over as parameters make one name of x-authkey and x_authkey. */
static bool is_same_name(const char *left, const char *right)
{
    while (*left &&
           (*left == *right || (*left == '_' && *right == '-') || (*left == '-' && *right == '_')))
        left++, right++;
    return *left == *right;
}

static bool is_single(const char *name)
{
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        if (is_same_name(single[i], name))
            return true;
    return false;
}

static bool is_there(const struct head *head, const char *name)
{
    for (int i = 0; i < head->count; i++)
        if (is_same_name(head->fields[i].name, name))
            return true;
    return false;
}

bool head_is_token_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

static bool is_token(const char *text)
{
    const char *at = text;

    while (head_is_token_byte(*at))
        at++;
    return at > text && !*at;
}

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text |= 0x20;
}

/* Ends the text before the white space at its end, and returns where that at its front ends. */
static char *trim(char *text)
{
    size_t len;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    text[len] = '\0';
    return text;
}

/* Why the byte may not stand there; NULL: it may. */
static const char *complaint_at(const char *data, size_t at)
{
    unsigned char byte = (unsigned char)data[at];
    bool after_cr = at && data[at - 1] == '\r';

    if (byte == '\n' && !after_cr)
        return "a line of the head ends without a carriage return";
    if (byte == '\n')
        return at == 3 && data[1] == '\n' ? "more than one blank line before the first line" : NULL;
    if (after_cr)
        return "a carriage return in the head that ends no line";
    if ((byte < 0x20 && byte != '\r' && byte != '\t') || byte == 0x7f)
        return "a control byte in the head";
    return NULL;
}

/* Goes on from known to the end of the head, which is put into *used. */
static enum head_result find_end(const char *data, size_t len, size_t known, size_t *used,
                                 struct reason *reason)
{
    for (size_t at = known; at < len; at++) {
        const char *complaint = complaint_at(data, at);

        if (complaint) {
            refuse(reason, STATUS_BAD_REQUEST, "%s", complaint);
            return HEAD_BAD;
        }
        if (at > 1 && data[at] == '\n' && data[at - 2] == '\n') {
            *used = at + 1;
            return HEAD_DONE;
        }
    }
    return HEAD_MORE;
}

/* Cuts off the text up to the separator; NULL when there is none. */
static char *cut(char **rest, const char *separator)
{
    char *text = *rest, *end = strstr(text, separator);

    if (!end)
        return NULL;
    *end = '\0';
    *rest = end + strlen(separator);
    return text;
}

static enum status parse_request_line(struct head *head, char *line, struct reason *reason)
{
    char *method = cut(&line, " "), *target = method ? cut(&line, " ") : NULL;

    if (!target || !is_token(method) || !text_is_visible(target))
        return refuse(reason, STATUS_BAD_REQUEST,
                      "the first line must be a method, a path and HTTP/1.1");
    if (strcmp(line, "HTTP/1.0") != 0 && strcmp(line, "HTTP/1.1") != 0)
        return refuse(reason, STATUS_BAD_REQUEST, "\"%s\" is not spoken here, HTTP/1.1 is", line);
    head->method = method;
    head->target = target;
    head->minor_version = line[7] - '0';
    return STATUS_OK;
}

static enum status parse_field(struct head *head, char *line, struct reason *reason)
{
    char *name = cut(&line, ":");

    if (!name || !is_token(name))
        return refuse(reason, STATUS_BAD_REQUEST, "a line of the head is no \"name: value\"");
    if (head->count == LIMIT_HEAD_FIELDS)
        return refuse(reason, STATUS_BAD_REQUEST, "the head has more than %d fields",
                      LIMIT_HEAD_FIELDS);
    lower(name);
    if (is_single(name) && is_there(head, name))
        return refuse(reason, STATUS_BAD_REQUEST, "the head has two of \"%s\"", name);
    head->fields[head->count++] = (struct head_field){name, trim(line)};
    return STATUS_OK;
}

/* Each line of the text ends with CRLF.  Some old clients send a blank line behind a body: one is
 * passed over (RFC 9112, 2.2). */
static enum status parse_lines(struct head *head, char *text, struct reason *reason)
{
    enum status status;

    if (text[0] == '\r')
        text += 2;
    status = parse_request_line(head, cut(&text, "\r\n"), reason);
    head->count = 0;
    while (status == STATUS_OK && *text)
        status = parse_field(head, cut(&text, "\r\n"), reason);
    if (status == STATUS_OK && head->minor_version == 1 && !head_field(head, "host"))
        return refuse(reason, STATUS_BAD_REQUEST, "HTTP/1.1 needs a Host");
    return status;
}

enum head_result head_parse(struct head *head, char *data, size_t len, size_t known, size_t *used,
                            struct reason *reason)
{
    size_t end = 0;
    enum head_result result = find_end(data, len, known, &end, reason);

    if (result != HEAD_DONE)
        return result;
    data[end - 2] = '\0'; /* in place of the blank line */
    if (parse_lines(head, data, reason) != STATUS_OK)
        return HEAD_BAD;
    *used = end;
    return HEAD_DONE;
}

const char *head_field(const struct head *head, const char *name)
{
    for (int i = 0; i < head->count; i++)
        if (strcmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}

static bool list_has(const char *list, const char *token)
{
    size_t token_len = strlen(token);

    while (*list) {
        list += strspn(list, ", \t");
        if (strncasecmp(list, token, token_len) == 0) {
            const char *end = list + token_len + strspn(list + token_len, " \t");

            if (!*end || *end == ',')
                return true;
        }
        list += strcspn(list, ",");
    }
    return false;
}

bool head_lists(const struct head *head, const char *name, const char *token)
{
    for (int i = 0; i < head->count; i++)
        if (strcmp(head->fields[i].name, name) == 0 && list_has(head->fields[i].value, token))
            return true;
    return false;
}

static bool is_hixie76(const struct head *head)
{
    return head_lists(head, "upgrade", "websocket") && head_field(head, "sec-websocket-key1") &&
           !head_field(head, "sec-websocket-version");
}

bool head_has_body(const struct head *head)
{
    const char *length = head_field(head, "content-length");

    if (head_field(head, "transfer-encoding"))
        return true;
    return length && strcmp(length, "0") != 0 && !(strcmp(length, "8") == 0 && is_hixie76(head));
}

static enum status check_chunked(const struct head *head, struct reason *reason)
{
    if (head->minor_version == 0)
        return refuse(reason, STATUS_BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding");
    if (head_field(head, "content-length"))
        return refuse(reason, STATUS_BAD_REQUEST,
                      "Content-Length and Transfer-Encoding do not go together");
    if (strcasecmp(head_field(head, "transfer-encoding"), "chunked") != 0)
        return refuse(reason, STATUS_BAD_REQUEST, "Transfer-Encoding must be chunked");
    return STATUS_OK;
}

enum status head_read_body(const struct head *head, struct head_body *body, struct reason *reason)
{
    const char *length = head_field(head, "content-length");

    *body = (struct head_body){
        .is_chunked = head_field(head, "transfer-encoding") != NULL,
        .is_expected = head->minor_version == 1 && head_lists(head, "expect", "100-continue"),
    };
    if (body->is_chunked)
        return check_chunked(head, reason);
    if (length && !number_parse(length, strlen(length), 0, 1LL << 60, &body->length))
        return refuse(reason, STATUS_BAD_REQUEST, "Content-Length is no number");
    return STATUS_OK;
}

bool head_keeps_connection(const struct head *head)
{
    if (head_lists(head, "connection", "close"))
        return false;
    return head->minor_version == 1 || head_lists(head, "connection", "keep-alive");
}
