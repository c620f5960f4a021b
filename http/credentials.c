/* credentials.c - Basic, Bearer, and RestMQ's cookie.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/credentials.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "http/uri.h"

/* "user:password", the first colon counts; false when there is none, or a NUL. */
static bool split(struct credentials *credentials, const char *pair, size_t len)
{
    const char *colon = memchr(pair, ':', len);
    size_t user_len = colon ? (size_t)(colon - pair) : 0;
    size_t password_len = colon ? len - user_len - 1 : 0;

    if (!colon || memchr(pair, '\0', len) || user_len >= CREDENTIAL_SIZE ||
        password_len >= CREDENTIAL_SIZE)
        return false;
    memcpy(credentials->user, pair, user_len);
    credentials->user[user_len] = '\0';
    memcpy(credentials->password, colon + 1, password_len);
    credentials->password[password_len] = '\0';
    return true;
}

static void read_basic(struct credentials *credentials, const char *text)
{
    char pair[2 * CREDENTIAL_SIZE + 1]; /* base64 comes in threes */
    size_t len = strlen(text);
    long pair_len;

    while (len && text[len - 1] == ' ')
        len--;
    if (len / 4 * 3 > sizeof(pair))
        return;
    pair_len = base64_decode(text, len, pair);
    if (pair_len >= 0)
        credentials->has_password = split(credentials, pair, (size_t)pair_len);
}

void credentials_read(struct credentials *credentials, const char *authorization)
{
    const char *rest;

    credentials->has_password = false;
    *credentials->user = *credentials->password = *credentials->key = '\0';
    if (!authorization)
        return;
    rest = authorization + strcspn(authorization, " ");
    rest += strspn(rest, " ");
    if (strncasecmp(authorization, "Basic ", 6) == 0)
        read_basic(credentials, rest);
    else if (strncasecmp(authorization, "Bearer ", 7) == 0 && strlen(rest) < CREDENTIAL_SIZE)
        strcpy(credentials->key, rest);
}

/* Length of the first cookie of the list.  Some web servers join the lines of a head with commas.
 */
static size_t cookie_len(const char *cookies)
{
    size_t len = strcspn(cookies, ";,");

    while (cookies[len] == ',' && cookies[len + 1] != ' ')
        len += 1 + strcspn(cookies + len + 1, ";,");
    return len;
}

static bool read_cookie(struct credentials *credentials, const char *cookie, size_t size)
{
    char pair[2 * CREDENTIAL_SIZE];
    long len;

    if (strncmp(cookie, "auth=", 5) != 0 || size >= sizeof(pair))
        return false;
    memcpy(pair, cookie + 5, size - 5);
    pair[size - 5] = '\0';
    len = uri_decode(pair, size - 5, 0);
    return len >= 0 && split(credentials, pair, (size_t)len);
}

bool credentials_next_cookie(struct credentials *credentials, const char **cookies)
{
    bool is_found = false;

    while (*cookies && **cookies && !is_found) {
        const char *cookie = *cookies + strspn(*cookies, " ;,");
        size_t size = cookie_len(cookie);

        is_found = read_cookie(credentials, cookie, size);
        *cookies = cookie + size;
    }
    credentials->has_password = is_found;
    return is_found;
}
