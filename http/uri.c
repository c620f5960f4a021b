/* uri.c - request targets.
 *
 * The web server's access rules saw a normalised path, we see the raw one: so nothing here
 * normalises, and what would need it ("..", "//", %2F) ends as an error.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/uri.h"

#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

long uri_decode(char *text, size_t len, int plus)
{
    size_t out = 0;

    for (size_t in = 0; in < len; in++) {
        if (text[in] == '%') {
            int high = len - in > 2 ? hex_digit(text[in + 1]) : -1;
            int low = len - in > 2 ? hex_digit(text[in + 2]) : -1;

            if (high < 0 || low < 0)
                return -1;
            text[out++] = (char)(high << 4 | low);
            in += 2;
        } else {
            text[out++] = plus && text[in] == '+' ? ' ' : text[in];
        }
    }
    return (long)out;
}

const char *uri_authority(const char *target, size_t *len)
{
    const char *authority;

    if (strncasecmp(target, "http://", 7) == 0)
        authority = target + 7;
    else if (strncasecmp(target, "https://", 8) == 0)
        authority = target + 8;
    else
        return NULL;
    *len = strcspn(authority, "/?");
    return authority;
}

/* Behind scheme and authority. */
static const char *skip_authority(const char *target)
{
    size_t len;
    const char *authority = uri_authority(target, &len);

    if (!authority)
        return target;
    return authority[len] ? authority + len : "/";
}

/* The path below the prefix, or NULL: "/mqx" is not below "/mq". */
static const char *skip_prefix(const char *path, const char *end, const char *prefix)
{
    size_t len = strlen(prefix);

    if ((size_t)(end - path) < len || memcmp(path, prefix, len) != 0)
        return NULL;
    path += len;
    return path == end || *path == '/' ? path : NULL;
}

/* Decodes the raw path segment by segment, so that an encoded slash is seen for what it is. */
static enum status decode_segments(struct uri *uri, const char *raw, size_t raw_len,
                                   struct reason *reason)
{
    size_t out = 0, in = 0;

    while (in <= raw_len) {
        const char *slash = memchr(raw + in, '/', raw_len - in);
        size_t segment = slash ? (size_t)(slash - (raw + in)) : raw_len - in;
        long len;

        memcpy(uri->path + out, raw + in, segment);
        len = uri_decode(uri->path + out, segment, 0);
        if (len < 0)
            return refuse(reason, STATUS_BAD_REQUEST, "broken percent escape in the path");
        if (memchr(uri->path + out, '/', (size_t)len) || memchr(uri->path + out, '\0', (size_t)len))
            return refuse(reason, STATUS_BAD_NAME, "a name has no encoded slash and no NUL");
        out += (size_t)len;
        in += segment + 1;
        if (slash)
            uri->path[out++] = '/';
    }
    uri->path[out] = '\0';
    return STATUS_OK;
}

enum status uri_parse(struct uri *uri, const char *target, const char *prefix,
                      struct reason *reason)
{
    const char *path, *end;
    enum status status;
    char *slash;

    uri->resource = uri->name = uri->query = "";
    uri->name_len = uri->query_len = 0;
    uri->has_slash = 0;
    uri->has_query = 0;
    if (strlen(target) > LIMIT_TARGET)
        return refuse(reason, STATUS_BAD_REQUEST, "the request target is over %d bytes",
                      LIMIT_TARGET);
    if (!*target)
        return refuse(reason, STATUS_BAD_REQUEST, "there is no request target");
    path = skip_authority(target);
    end = path + strcspn(path, "?");
    if (*end == '?') {
        uri->has_query = 1;
        uri->query = end + 1;
        uri->query_len = strlen(uri->query);
    }
    path = skip_prefix(path, end, prefix);
    if (!path)
        return refuse(reason, STATUS_NOT_FOUND, "no such path; it must be below the prefix \"%s\"",
                      prefix);
    if (path == end)
        return STATUS_OK;
    status = decode_segments(uri, path + 1, (size_t)(end - path) - 1, reason);
    if (status != STATUS_OK)
        return status;
    uri->resource = uri->path;
    slash = strchr(uri->path, '/');
    if (slash) {
        *slash = '\0';
        uri->has_slash = 1;
        uri->name = slash + 1;
        uri->name_len = strlen(uri->name);
    }
    return STATUS_OK;
}
