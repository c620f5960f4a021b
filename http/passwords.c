/* passwords.c - is a password right?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/passwords.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

void passwords_begin(struct passwords *passwords)
{
    guesses_begin(&passwords->guesses);
}

static bool is_hash(const char *text)
{
    return text[0] == '$';
}

bool password_is_strange(const char *text)
{
    return is_hash(text) && crypt_checksalt(text) == CRYPT_SALT_INVALID;
}

void passwords_remember(struct passwords *passwords, const struct passwords *before)
{
    passwords->guesses = before->guesses;
    for (int i = 0; i < PASSWORDS; i++) {
        const char *was = before->of[i].text, *is = passwords->of[i].text;

        if (was && is && strcmp(was, is) == 0)
            passwords->of[i].memory = before->of[i].memory;
    }
}

static void digest_of(const char *text, unsigned char digest[PASSWORD_DIGEST])
{
    if (!EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL))
        abort(); /* out of memory */
}

bool password_is_same(const char *left, const char *right)
{
    unsigned char digests[2][PASSWORD_DIGEST];

    digest_of(left, digests[0]);
    digest_of(right, digests[1]);
    return CRYPTO_memcmp(digests[0], digests[1], PASSWORD_DIGEST) == 0;
}

static bool is_known_as_right(const struct password_memory *memory,
                              const unsigned char digest[PASSWORD_DIGEST])
{
    return memory->has_right && CRYPTO_memcmp(digest, memory->right, PASSWORD_DIGEST) == 0;
}

static bool is_known_as_wrong(const struct password_memory *memory,
                              const unsigned char digest[PASSWORD_DIGEST])
{
    for (unsigned i = 0; i < memory->wrong_count && i < PASSWORD_WRONG; i++)
        if (CRYPTO_memcmp(digest, memory->wrong[i], PASSWORD_DIGEST) == 0)
            return true;
    return false;
}

static void remember(struct password_memory *memory, bool is_right,
                     const unsigned char digest[PASSWORD_DIGEST])
{
    memcpy(is_right ? memory->right : memory->wrong[memory->wrong_count++ % PASSWORD_WRONG], digest,
           PASSWORD_DIGEST);
    memory->has_right |= is_right;
}

static bool matches(const char *password, const char *hash)
{
    struct crypt_data *data = xmalloc(sizeof(*data));
    const char *made;
    bool is_right;

    memset(data, 0, sizeof(*data));
    made = crypt_r(password, hash, data);
    is_right = made && password_is_same(made, hash);
    free(data);
    return is_right;
}

/* Was the password right a moment ago for another section?  Then it is no guess. */
static bool is_right_elsewhere(struct passwords *passwords, const struct ip *ip, const char *given,
                               long long now_s)
{
    for (int i = 0; i < PASSWORDS; i++) {
        struct guess guess;

        if (!passwords->of[i].text)
            continue;
        guess_begin(&guess, &passwords->guesses, ip, passwords->of[i].text, given);
        if (guesses_was_right(&passwords->guesses, &guess, now_s))
            return true;
    }
    return false;
}

static bool try_hash(struct guesses *guesses, const char *given, const char *hash, long long now_s)
{
    long long start_us = clock_cpu_us();
    bool is_right = matches(given, hash);

    guesses_charge(guesses, now_s, clock_cpu_us() - start_us);
    return is_right;
}

/* A password that is given for a section now. */
struct attempt {
    struct passwords *passwords;
    const char *text; /* of the section */
    struct password_memory *memory;
    const struct ip *ip;
    const char *given;
    unsigned char digest[PASSWORD_DIGEST]; /* of what is given */
    bool is_guess;
    long long now_s;
};

/* Is the password right?  UNAVAILABLE, LATER: that cannot be told now, or in this turn. */
static enum status try_password(const struct attempt *attempt, bool *is_right)
{
    struct guesses *guesses = &attempt->passwords->guesses;

    if (attempt->is_guess && !guesses_may(guesses, attempt->ip, attempt->now_s))
        return STATUS_UNAVAILABLE;
    if (is_known_as_right(attempt->memory, attempt->digest))
        *is_right = true;
    else if (!is_hash(attempt->text))
        *is_right = password_is_same(attempt->given, attempt->text);
    else if (attempt->is_guess && !guesses_may_hash(guesses, attempt->ip, attempt->now_s))
        return STATUS_UNAVAILABLE;
    else if (!guesses_have_turn(guesses))
        return STATUS_LATER;
    else
        *is_right = try_hash(guesses, attempt->given, attempt->text, attempt->now_s);
    return STATUS_OK;
}

enum status passwords_check(struct passwords *passwords, int section, const struct ip *ip,
                            const char *given)
{
    struct attempt attempt = {passwords,
                              passwords->of[section].text,
                              &passwords->of[section].memory,
                              ip,
                              given,
                              {0},
                              false,
                              clock_ms() / 1000};
    struct guess guess;
    enum status status;
    bool is_right;

    guess_begin(&guess, &passwords->guesses, ip, attempt.text, given);
    if (guesses_was_right(&passwords->guesses, &guess, attempt.now_s))
        return STATUS_OK;
    digest_of(given, attempt.digest);
    if (is_known_as_wrong(attempt.memory, attempt.digest))
        return STATUS_UNAUTHORIZED;
    attempt.is_guess = !is_right_elsewhere(passwords, ip, given, attempt.now_s);
    status = try_password(&attempt, &is_right);
    if (status != STATUS_OK)
        return status;
    remember(attempt.memory, is_right, attempt.digest);
    if (attempt.is_guess)
        guesses_note(&passwords->guesses, &guess, attempt.now_s, is_right);
    else if (is_right)
        guesses_remember(&passwords->guesses, &guess, attempt.now_s);
    return is_right ? STATUS_OK : STATUS_UNAUTHORIZED;
}
