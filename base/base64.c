/* base64.c - any bytes as text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/base64.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

void base64_add(struct buffer *out, const char *data, size_t len)
{
    buffer_reserve(out, BASE64_LEN(len) + 1);
    out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->data + out->len,
                                        (const unsigned char *)data, (int)len);
}

/* EVP_DecodeBlock() takes white space and padding anywhere. */
static bool is_base64(const char *text, size_t len)
{
    size_t padding = 0;

    if (len % 4 != 0)
        return false;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len - padding; i++)
        if (!text[i] ||
            !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", text[i]))
            return false;
    return true;
}

long base64_decode(const char *text, size_t len, char *out)
{
    long out_len;

    if (!is_base64(text, len))
        return -1;
    out_len = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    if (out_len < 0)
        return -1;
    for (size_t i = 1; i <= 2 && i <= len; i++)
        if (text[len - i] == '=')
            out_len--;
    return out_len;
}
