/* guesses.h - whose password may be hashed now.
 *
 * Hashing takes long, on purpose, and nobody else is served meanwhile.  So a program spends a part
 * of each second on it, and who was wrong some times has to wait, longer each time: those who
 * guess, from many addresses too, leave some of that part to those who know.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_GUESSES_H
#define HTTP_GUESSES_H

#include <stdbool.h>

#include "base/network.h"

enum {
    GUESSES_US = 100000,     /* of a second of a core, half of it for who was not wrong lately; the
                                last one is finished */
    GUESSES_FREE = 8,        /* wrong ones of one address without a wait */
    GUESSES_WAIT_S = 64,     /* at most; it begins with one second and doubles */
    GUESSES_FORGET_S = 600,  /* after so long an address begins anew */
    GUESSES_ADDRESSES = 1024 /* parts of all addresses; those in one part count as one */
};

struct guesses {
    unsigned char seed[16]; /* so that nobody knows which addresses fall together */
    long long second, spent_us;
    struct guesses_of {
        unsigned wrong;
        long long last_s; /* when the last of them was */
    } of[GUESSES_ADDRESSES];
};

void guesses_begin(struct guesses *guesses);

/* May it be done for this address, NULL for one not known?  Of IPv6 a site (/48) counts as one. */
bool guesses_may(struct guesses *guesses, const struct ip *ip, long long now_s);

/* It was done, took so long, and the password was right or wrong. */
void guesses_note(struct guesses *guesses, const struct ip *ip, long long now_s, long long spent_us,
                  bool is_right);

#endif
