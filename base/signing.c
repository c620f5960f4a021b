/* signing.c - what a hook sends is signed as Standard Webhooks 1.0 has it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/signing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/base64.h"

#define PREFIX "whsec_"

/* Base64 of a longest key, and what base64_decode() wants to have room for. */
enum { TEXT_MAX = BASE64_LEN(SIGNING_KEY_MAX), KEY_ROOM = TEXT_MAX / 4 * 3, SIGNATURE = 32 };

/* The length of the key of one secret; -1: it is none. */
static long read_key(const char *text, size_t len, char key[KEY_ROOM])
{
    size_t prefix = strlen(PREFIX);
    long key_len;

    if (len < prefix || len - prefix > TEXT_MAX || memcmp(text, PREFIX, prefix) != 0)
        return -1;
    key_len = base64_decode(text + prefix, len - prefix, key);
    return key_len < SIGNING_KEY_MIN || key_len > SIGNING_KEY_MAX ? -1 : key_len;
}

static bool is_one(const char *text, size_t len)
{
    char key[KEY_ROOM];
    bool is_secret = read_key(text, len, key) > 0;

    OPENSSL_cleanse(key, sizeof(key));
    return is_secret;
}

bool signing_is_secret(const char *text, size_t len)
{
    const char *space = memchr(text, ' ', len);
    size_t first = space ? (size_t)(space - text) : len;

    return is_one(text, first) && (!space || is_one(space + 1, len - first - 1));
}

static void sign(const char *key, long key_len, const struct signed_message *message,
                 unsigned char signature[SIGNATURE])
{
    EVP_PKEY *secret = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, (const unsigned char *)key,
                                                    (size_t)key_len);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SIGNATURE;
    char timestamp[32];

    snprintf(timestamp, sizeof(timestamp), ".%lld.", message->timestamp);
    if (!secret || !context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, secret) != 1 ||
        EVP_DigestSignUpdate(context, message->id, strlen(message->id)) != 1 ||
        EVP_DigestSignUpdate(context, timestamp, strlen(timestamp)) != 1 ||
        EVP_DigestSignUpdate(context, message->body, message->len) != 1 ||
        EVP_DigestSignFinal(context, signature, &size) != 1)
        abort(); /* out of memory */
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(secret);
}

void signing_add(struct buffer *out, const char *secrets, const struct signed_message *message)
{
    unsigned char signature[SIGNATURE];
    char key[KEY_ROOM];

    for (const char *secret = secrets; secret; secret = strchr(secret, ' ')) {
        secret += *secret == ' ';
        size_t len = strcspn(secret, " ");
        long key_len = read_key(secret, len, key);

        if (key_len < 0)
            abort(); /* signing_is_secret() was not asked */
        sign(key, key_len, message, signature);
        buffer_add_text(out, secret == secrets ? "v1," : " v1,");
        base64_add(out, (const char *)signature, SIGNATURE);
    }
    OPENSSL_cleanse(key, sizeof(key));
}
