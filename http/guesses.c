/* guesses.c - whose password may be hashed now.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/guesses.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { SITE = 6 }; /* bytes of a /48 */

void guesses_begin(struct guesses *guesses)
{
    *guesses = (struct guesses){0};
    if (RAND_bytes(guesses->seed, sizeof(guesses->seed)) != 1)
        abort(); /* this system gives no random bytes */
}

static struct guesses_of *find(struct guesses *guesses, const struct ip *ip)
{
    unsigned char text[sizeof(guesses->seed) + sizeof(ip->bytes)], digest[32];
    size_t size = 0;

    if (ip)
        size = ip_is_v4(ip) ? sizeof(ip->bytes) : SITE;
    memcpy(text, guesses->seed, sizeof(guesses->seed));
    if (size)
        memcpy(text + sizeof(guesses->seed), ip->bytes, size);
    if (!EVP_Digest(text, sizeof(guesses->seed) + size, digest, NULL, EVP_sha256(), NULL))
        abort(); /* out of memory */
    return &guesses->of[(digest[0] << 8 | digest[1]) % GUESSES_ADDRESSES];
}

/* That still count. */
static unsigned wrong_of(const struct guesses_of *of, long long now_s)
{
    return now_s < of->last_s + GUESSES_FORGET_S ? of->wrong : 0;
}

static long long wait_after(unsigned wrong)
{
    long long wait_s = 1;

    if (wrong < GUESSES_FREE)
        return 0;
    for (unsigned i = GUESSES_FREE; i < wrong && wait_s < GUESSES_WAIT_S; i++)
        wait_s *= 2;
    return wait_s;
}

bool guesses_may(struct guesses *guesses, const struct ip *ip, long long now_s)
{
    const struct guesses_of *of = find(guesses, ip);
    unsigned wrong = wrong_of(of, now_s);

    if (now_s != guesses->second)
        guesses->spent_us = 0;
    guesses->second = now_s;
    return guesses->spent_us < (wrong ? GUESSES_US / 2 : GUESSES_US) &&
           now_s >= of->last_s + wait_after(wrong);
}

void guesses_note(struct guesses *guesses, const struct ip *ip, long long now_s, long long spent_us,
                  bool is_right)
{
    struct guesses_of *of = find(guesses, ip);

    guesses->spent_us += spent_us;
    of->wrong = is_right ? 0 : wrong_of(of, now_s) + 1;
    of->last_s = now_s;
}
