/* absence.c - an endpoint that is away: when it is tried again, and with which message.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/hook/absence.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void forget(struct absence *absence, struct probing *probing)
{
    if (absence->probe == probing)
        absence->probe = NULL;
    free(probing->key);
    *probing = (struct probing){0};
}

void absence_clear(struct absence *absence)
{
    for (int i = 0; i < ABSENCE_KNOWN; i++)
        forget(absence, &absence->known[i]);
    *absence = (struct absence){0};
}

static bool is_of(const struct probing *probing, const char *key, size_t len)
{
    return probing->key && probing->len == len && memcmp(probing->key, key, len) == 0;
}

static const struct probing *find(const struct absence *absence, const char *key, size_t len)
{
    for (int i = 0; i < ABSENCE_KNOWN; i++)
        if (is_of(&absence->known[i], key, len))
            return &absence->known[i];
    return NULL;
}

/* In the place of the one that was noted longest ago. */
static struct probing *add(struct absence *absence, const char *key, size_t len)
{
    struct probing *probing = &absence->known[absence->next];

    absence->next = (absence->next + 1) % ABSENCE_KNOWN;
    forget(absence, probing);
    probing->key = xmalloc(len + 1);
    memcpy(probing->key, key, len);
    probing->len = len;
    return probing;
}

long long absence_wait(const struct absence *absence, long long now_ms)
{
    if (!absence->is_on)
        return 0;
    if (absence->probe)
        return -1;
    return absence->until_ms > now_ms ? absence->until_ms - now_ms : 0;
}

void absence_probe(struct absence *absence, const char *key, size_t len)
{
    const struct probing *probing = find(absence, key, len);

    if (absence->is_on)
        absence->probe = probing ? probing : add(absence, key, len);
}

void absence_abandon(struct absence *absence)
{
    absence->probe = NULL;
}

static int longer(int pause_ms)
{
    if (pause_ms == 0)
        return ABSENCE_FIRST_MS;
    return pause_ms > ABSENCE_LONGEST_MS / 2 ? ABSENCE_LONGEST_MS : pause_ms * 2;
}

static long long end_of(const struct absence *absence, long long asked_s, long long now_ms)
{
    if (asked_s < 0)
        return now_ms + absence->pause_ms;
    return now_ms + (asked_s > ABSENCE_ASKED_S ? ABSENCE_ASKED_S : asked_s) * 1000;
}

/* Of several that were under way when it began, none makes the pause longer, but for what the
 * endpoint asks for. */
static void fail_beside(struct absence *absence, long long asked_s, long long now_ms)
{
    long long end = end_of(absence, asked_s, now_ms);

    if (asked_s >= 0 && end > absence->until_ms)
        absence->until_ms = end;
}

void absence_fail(struct absence *absence, const char *key, size_t len, long long asked_s,
                  long long now_ms)
{
    bool is_probe = absence->probe && is_of(absence->probe, key, len);

    if (absence->is_on && !is_probe) {
        fail_beside(absence, asked_s, now_ms);
        return;
    }
    if (is_probe)
        absence->known[absence->probe - absence->known].probes++;
    absence->probe = NULL;
    absence->is_on = true;
    absence->pause_ms = longer(absence->pause_ms);
    absence->until_ms = end_of(absence, asked_s, now_ms);
    /* Who asks for nothing gets a moment all the same. */
    if (absence->until_ms < now_ms + ABSENCE_FIRST_MS)
        absence->until_ms = now_ms + ABSENCE_FIRST_MS;
}

void absence_end(struct absence *absence)
{
    absence->is_on = false;
    absence->until_ms = absence->pause_ms = 0;
    absence->probe = NULL;
}

bool absence_is_spent(const struct absence *absence, const char *key, size_t len)
{
    const struct probing *probing = find(absence, key, len);

    return probing && probing->probes >= ABSENCE_PROBES;
}

void absence_forget(struct absence *absence, const char *key, size_t len)
{
    const struct probing *probing = find(absence, key, len);

    if (probing)
        forget(absence, &absence->known[probing - absence->known]);
}
