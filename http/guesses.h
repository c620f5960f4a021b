/* guesses.h - whether an address may try a password or a key now.
 *
 * An address that was wrong some times has to wait, longer each time.  Hashing takes long, on
 * purpose, and nobody else is served meanwhile: so a program spends a part of each second on it,
 * and pays back what took longer.  Clients that guess, from many addresses too, leave half of that
 * part to the others, and a client that was right a moment ago needs neither.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_GUESSES_H
#define HTTP_GUESSES_H

#include <stdbool.h>

#include "base/network.h"
#include "base/status.h"

enum {
    GUESSES_US = 100000,      /* of a second of a core, half of it for who was not wrong lately; the
                                 last one is finished */
    GUESSES_TURN_US = 20000,  /* of a request, or a turn of the loop; the last one is finished */
    GUESSES_FREE = 8,         /* wrong ones of one address without a wait */
    GUESSES_WAIT_S = 64,      /* at most; it begins with one second and doubles */
    GUESSES_FORGET_S = 600,   /* after so long an address begins anew */
    GUESSES_ADDRESSES = 1024, /* parts of all addresses; those in one part count as one */
    GUESSES_RIGHT = 1024,     /* right ones that are remembered, each for GUESSES_FORGET_S */
    GUESSES_WRONG = 64,       /* wrong ones that are, so that none counts twice */
    GUESS_ID = 32
};

/* A password or key that an address gave, and the one it must match: a digest of both, so that no
 * secret is kept. */
struct guess {
    const struct ip *ip; /* NULL: not known */
    unsigned char id[GUESS_ID];
};

struct guesses {
    unsigned char seed[16];     /* so that nobody knows which addresses fall together */
    long long second, spent_us; /* in it, and before it without being paid back yet */
    long long turn_us;          /* in this turn */
    bool owes; /* at the second's begin more was not paid back than one hash takes */
    struct guesses_of {
        unsigned wrong;
        long long last_s; /* when the last of them was */
    } of[GUESSES_ADDRESSES];
    struct right_guess {
        unsigned char id[GUESS_ID];
        long long last_s; /* when it was asked for last; 0: not used */
    } right[GUESSES_RIGHT];
    unsigned char wrong[GUESSES_WRONG][GUESS_ID];
    unsigned wrong_count; /* ever */
};

void guesses_begin(struct guesses *guesses);

/* The guess of this address (NULL: not known; of IPv6 a site (/48) counts as one): it gives this
 * for something that it wants. */
void guess_begin(struct guess *guess, const struct guesses *guesses, const struct ip *ip,
                 const char *wanted, const char *given);

/* Was the same right a moment ago, so that nobody need look again?  Was it wrong lately? */
bool guesses_was_right(struct guesses *guesses, const struct guess *guess, long long now_s);
bool guesses_was_wrong(const struct guesses *guesses, const struct guess *guess);

/* May this address try one, as far as it was wrong before?  And may it be hashed for it? */
bool guesses_may(struct guesses *guesses, const struct ip *ip, long long now_s);
bool guesses_may_hash(struct guesses *guesses, const struct ip *ip, long long now_s);

/* A request begins, or a turn of the loop in which there may be several.  Has it not hashed long
 * enough yet for one more? */
void guesses_begin_turn(struct guesses *guesses);
bool guesses_have_turn(const struct guesses *guesses);

/* Refuses with UNAVAILABLE what ("password") this address must not try now, and says when it may.
 */
enum status guesses_refuse(struct guesses *guesses, const struct ip *ip, const char *what,
                           long long now_s, struct reason *reason);

/* A hash took so long. */
void guesses_charge(struct guesses *guesses, long long now_s, long long spent_us);

/* Remembers a right one, without any word on the address's guesses. */
void guesses_remember(struct guesses *guesses, const struct guess *guess, long long now_s);

/* A guess was right or wrong; the same wrong one does not count twice. */
void guesses_note(struct guesses *guesses, const struct guess *guess, long long now_s,
                  bool is_right);

#endif
