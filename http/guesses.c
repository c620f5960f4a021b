/* guesses.c - who may try a password or a key now.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/guesses.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    SITE = 6,                       /* bytes of a /48 */
    GUESS_OWED_US = GUESSES_US / 10 /* what need not be paid back before the next one */
};

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

/* Wrong ones that still count. */
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

    return now_s >= of->last_s + wait_after(wrong_of(of, now_s));
}

/* Each second pays for a part of itself. */
static void pay(struct guesses *guesses, long long now_s)
{
    long long seconds = now_s - guesses->second;

    if (!seconds)
        return;
    if (seconds < 0 || guesses->spent_us / GUESSES_US < seconds)
        guesses->spent_us = 0;
    else
        guesses->spent_us -= seconds * GUESSES_US;
    guesses->second = now_s;
    guesses->owes = guesses->spent_us > GUESS_OWED_US;
}

bool guesses_may_hash(struct guesses *guesses, const struct ip *ip, long long now_s)
{
    unsigned wrong = wrong_of(find(guesses, ip), now_s);

    pay(guesses, now_s);
    return !guesses->owes && guesses->spent_us < (wrong ? GUESSES_US / 2 : GUESSES_US);
}

void guesses_begin_turn(struct guesses *guesses)
{
    guesses->turn_us = 0;
}

bool guesses_have_turn(const struct guesses *guesses)
{
    return guesses->turn_us < GUESSES_TURN_US;
}

/* Until the seconds have paid for all but what one hash takes. */
static long long debt_s(const struct guesses *guesses)
{
    long long owed_us = guesses->spent_us - GUESS_OWED_US;

    return owed_us > 0 ? (owed_us + GUESSES_US - 1) / GUESSES_US : 0;
}

enum status guesses_refuse(struct guesses *guesses, const struct ip *ip, const char *what,
                           long long now_s, struct reason *reason)
{
    const struct guesses_of *of = find(guesses, ip);
    long long wait_s = of->last_s + wait_after(wrong_of(of, now_s)) - now_s;

    if (!guesses_may_hash(guesses, ip, now_s) && debt_s(guesses) > wait_s)
        wait_s = debt_s(guesses);
    if (wait_s < 1)
        wait_s = 1;
    refuse(reason, STATUS_UNAVAILABLE, "the %s cannot be checked just now; try again in %lld s",
           what, wait_s);
    reason->retry_after_s = (int)wait_s;
    return STATUS_UNAVAILABLE;
}

void guesses_charge(struct guesses *guesses, long long now_s, long long spent_us)
{
    pay(guesses, now_s);
    guesses->turn_us += spent_us;
    guesses->spent_us += spent_us;
}

/* --- what is remembered ----------------------------------------------------------------------- */

/* A guess belongs in one row of the table, in any place there. */
enum { PLACES = 4, ROWS = GUESSES_RIGHT / PLACES };

static struct right_guess *row_of(struct guesses *guesses, const struct guess *guess)
{
    return guesses->right + (guess->id[0] << 8 | guess->id[1]) % ROWS * PLACES;
}

/* NUL stands behind each part: none of them has one. */
void guess_begin(struct guess *guess, const struct guesses *guesses, const struct ip *ip,
                 const char *wanted, const char *given)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = !ip ? 0 : ip_is_v4(ip) ? sizeof(ip->bytes) : SITE;
    unsigned char kind = (unsigned char)size;

    guess->ip = ip;
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) ||
        !EVP_DigestUpdate(context, guesses->seed, sizeof(guesses->seed)) ||
        !EVP_DigestUpdate(context, &kind, 1) ||
        (size && !EVP_DigestUpdate(context, ip->bytes, size)) ||
        !EVP_DigestUpdate(context, wanted, strlen(wanted) + 1) ||
        !EVP_DigestUpdate(context, given, strlen(given) + 1) ||
        !EVP_DigestFinal_ex(context, guess->id, NULL))
        abort(); /* out of memory */
    EVP_MD_CTX_free(context);
}

bool guesses_was_right(struct guesses *guesses, const struct guess *guess, long long now_s)
{
    struct right_guess *row = row_of(guesses, guess);

    for (int place = 0; place < PLACES; place++)
        if (row[place].last_s && now_s < row[place].last_s + GUESSES_FORGET_S &&
            memcmp(row[place].id, guess->id, GUESS_ID) == 0) {
            row[place].last_s = now_s;
            return true;
        }
    return false;
}

bool guesses_was_wrong(const struct guesses *guesses, const struct guess *guess)
{
    for (unsigned i = 0; i < guesses->wrong_count && i < GUESSES_WRONG; i++)
        if (memcmp(guesses->wrong[i], guess->id, GUESS_ID) == 0)
            return true;
    return false;
}

/* In the place of the one that nobody has asked for longest. */
void guesses_remember(struct guesses *guesses, const struct guess *guess, long long now_s)
{
    struct right_guess *row = row_of(guesses, guess), *oldest = row;

    for (int place = 1; place < PLACES; place++)
        if (row[place].last_s < oldest->last_s)
            oldest = &row[place];
    memcpy(oldest->id, guess->id, GUESS_ID);
    oldest->last_s = now_s;
}

void guesses_note(struct guesses *guesses, const struct guess *guess, long long now_s,
                  bool is_right)
{
    struct guesses_of *of = find(guesses, guess->ip);

    if (is_right) {
        of->wrong = 0;
        guesses_remember(guesses, guess, now_s);
    } else if (!guesses_was_wrong(guesses, guess)) {
        of->wrong = wrong_of(of, now_s) + 1;
        of->last_s = now_s;
        memcpy(guesses->wrong[guesses->wrong_count++ % GUESSES_WRONG], guess->id, GUESS_ID);
    }
}
