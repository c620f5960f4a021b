/* known.h - names that were met not long ago: some of them, so that a thousand or ten thousand more
 * cost no more memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KNOWN_H
#define BASE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

enum { KNOWN_NAMES = 1024, KNOWN_MS = 600000 };

struct known_name;

/* Zeroed memory knows none, and owns nothing before the first is noted. */
struct known {
    struct known_name *names;
};

void known_clear(struct known *known);

/* Was the name noted at most KNOWN_MS before now, by the clock that the caller goes by?  It may be
 * forgotten earlier, where others come. */
bool known_has(const struct known *known, const char *name, long long now_ms);
void known_note(struct known *known, const char *name, long long now_ms);
void known_forget(struct known *known, const char *name);

#endif
