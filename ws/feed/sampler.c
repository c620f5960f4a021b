/* sampler.c - samples of the numbers of all queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/sampler.h"

#include <string.h>

#include "base/settings.h"
#include "broker/keys.h"
#include "redis/slot.h"
#include "ws/redis/alink.h"

enum {
    FULL_PERCENT = 80, /* of maxmemory: then nothing is written */
    BEFORE_MS = 1000,  /* names are asked for before queues are looked at */
    BARE_BYTES = 2500, /* of a queue without history, about */
};

void sampler_clear(struct sampler *sampler)
{
    roster_clear(&sampler->roster);
    buffer_clear(&sampler->lines);
}

void sampler_reset(struct sampler *sampler)
{
    roster_clear(&sampler->roster);
    sampler->is_broken = true;
    sampler->began_ms = sampler->before_ms = sampler->bytes = 0;
    sampler->publishing.now_ms = 0;
    sampler->changed_count = sampler->changed_at = 0;
    sampler->unsure_count = sampler->unsure_done = 0;
    sampler->stage = SAMPLER_WRITES;
}

/* --- what was seen --------------------------------------------------------------------------- */

/* A queue that is new since a round in which all were seen had given no numbers then. */
static void look_back(const struct sampler *sampler, struct sighting *sighting)
{
    if (sighting->time_ms) {
        sighting->before_ms = sighting->time_ms;
        sighting->before_pushed = sighting->gauge.pushed;
    } else {
        sighting->before_ms = sampler->before_ms;
        sighting->before_pushed = 0;
    }
}

static void note_change(struct sampler *sampler, struct sighting *sighting)
{
    if (!sighting->is_written)
        sampler->changed[sampler->changed_count++] = sighting;
}

static void set_rates(struct sampler *sampler, struct sighting *sighting, struct rates rates)
{
    if (memcmp(&rates, &sighting->rates, sizeof(rates)) != 0)
        roster_mark(&sampler->roster, sighting);
    sighting->rates = rates;
}

/* The queue is as it was before. */
static void see_same(struct sampler *sampler, struct sighting *sighting, long long time_ms)
{
    look_back(sampler, sighting);
    set_rates(sampler, sighting, (struct rates){0});
    sighting->still++;
    sighting->time_ms = time_ms;
    note_change(sampler, sighting);
}

static void see(struct sampler *sampler, struct sighting *sighting, const struct gauge *gauge,
                long long time_ms)
{
    bool is_first = sighting->time_ms == 0;

    look_back(sampler, sighting);
    set_rates(sampler, sighting, sighting_rates(sighting, gauge, time_ms));
    sighting->still++;
    if (is_first || !gauge_is_same(&sighting->gauge, gauge)) {
        sighting->still = 0;
        roster_mark(&sampler->roster, sighting);
        sighting->is_written = is_first && gauge_is_empty(gauge);
    }
    sighting->gauge = *gauge;
    sighting->time_ms = time_ms;
    if (!gauge->first)
        sighting->pushed_s = 0;
    note_change(sampler, sighting);
}

void sampler_see(struct sampler *sampler, const struct quick *quick, struct round_look *look)
{
    sampler->changed_count = sampler->changed_at = 0;
    sampler->unsure_count = sampler->unsure_done = 0;
    sampler->look = look;
    if (!sampler->began_ms)
        sampler->began_ms = quick->time_ms;
    for (int i = 0; i < quick->count; i++) {
        struct sighting *sighting = roster_get(&sampler->roster, quick->names[i]);

        if (!sighting) { /* it could be taken for a new one */
            sampler->is_broken = true;
            look->bits[i] = quick->rows[i].has_more ? ROUND_WAITS : 0;
            continue;
        }
        if (sighting->time_ms && sighting->round == sampler->round)
            continue; /* names may come twice in a round */
        sighting->round = sampler->round;
        if (sighting_is_as(sighting, &quick->rows[i], sampler->round)) {
            see_same(sampler, sighting, quick->time_ms);
            continue;
        }
        sighting->listed = quick->rows[i].ready;
        sampler->unsure_at[sampler->unsure_count] = i;
        sampler->unsure[sampler->unsure_count++] = sighting;
    }
}

bool sampler_rests(struct sampler *sampler, const char *queue)
{
    struct sighting *sighting = roster_get(&sampler->roster, queue);

    return sighting && sighting_rests(sighting, sampler->round);
}

void sampler_pass(struct sampler *sampler, const char *queue)
{
    roster_get(&sampler->roster, queue)->round = sampler->round;
}

static bool call_for_gauges(struct sampler *sampler, struct call *call)
{
    struct gauges *gauges = &sampler->gauges;
    int rest = sampler->unsure_count - sampler->unsure_done, most = keys_together(GAUGES);

    if (!rest)
        return false;
    gauges->count = rest < most ? rest : most;
    for (int i = 0; i < gauges->count; i++)
        gauges->names[i] = sampler->unsure[sampler->unsure_done + i]->name;
    gauges_call(call, gauges);
    sampler->is_gauging = true;
    return true;
}

static void note_gauges(struct sampler *sampler, enum status status)
{
    const struct gauges *gauges = &sampler->gauges;

    sampler->is_gauging = false;
    if (status != STATUS_OK)
        sampler_miss(sampler);
    for (int i = 0; i < gauges->count && status == STATUS_OK; i++) {
        int at = sampler->unsure_done + i;

        see(sampler, sampler->unsure[at], &gauges->gauges[i], gauges->time_ms);
        if (gauges->gauges[i].bits & GAUGE_WAITS)
            sampler->look->bits[sampler->unsure_at[at]] |= ROUND_WAITS;
    }
    sampler->unsure_done += gauges->count;
}

void sampler_miss(struct sampler *sampler)
{
    sampler->is_broken = true;
}

/* --- a round --------------------------------------------------------------------------------- */

static void set_bytes(struct sampler *sampler, struct sighting *sighting, long long bytes)
{
    sampler->bytes += bytes - sighting->bytes;
    sighting->bytes = bytes;
}

/* Queues that are gone have taken their samples with them. */
static void drop_gone(struct sampler *sampler)
{
    struct roster *roster = &sampler->roster;

    for (int i = roster->count - 1; i >= 0; i--) {
        struct sighting *sighting = roster->places[i];

        if (sighting->round == sampler->round)
            continue;
        set_bytes(sampler, sighting, 0);
        roster_remove(roster, sighting);
    }
}

/* A moment at which there was no queue that was not seen in this round: a little before the first
 * look, or where there was none, when the round before was over; 0: nobody knows. */
static long long began_at(const struct sampler *sampler)
{
    return sampler->began_ms ? sampler->began_ms - BEFORE_MS : sampler->publishing.now_ms;
}

void sampler_end_round(struct sampler *sampler, const struct settings *settings)
{
    bool is_whole = !sampler->is_broken;

    sampler->changed_count = sampler->changed_at = 0;
    sampler->unsure_count = sampler->unsure_done = 0;
    if (is_whole) {
        drop_gone(sampler);
        sampler->publishing.from_ms = sampler->began_ms;
        sampler->chunk = 0;
        sampler->stage = SAMPLER_TELLS;
    } else if (sampler->bytes > settings->history_bytes) {
        sampler->stage = SAMPLER_FORGETS;
    }
    sampler->before_ms = is_whole ? began_at(sampler) : 0;
    sampler->began_ms = 0;
    sampler->is_broken = false;
    sampler->round++;
    for (int i = 0; i < CLUSTER_NODES; i++)
        sampler->fills[i].is_known = false;
}

/* --- is there room? -------------------------------------------------------------------------- */

static bool is_full(const struct fill *fill)
{
    return fill->most > 0 && fill->used > fill->most / 100 * FULL_PERCENT;
}

static int slot_of(enum key key, const char *queue)
{
    char name[KEY_SIZE];

    keys_write(name, key, queue);
    return slot_of_key(name, strlen(name));
}

/* The memory of the node that has the slot; NULL: that node is not known. */
static struct node_fill *fill_of(struct sampler *sampler, const struct alink *alink, int slot)
{
    int node = alink_node(alink, slot);

    return node < 0 || node >= CLUSTER_NODES ? NULL : &sampler->fills[node];
}

static void ask_for_room(struct sampler *sampler, struct call *call, struct node_fill *fill,
                         int slot)
{
    sampler->asked = fill;
    fill->fill = (struct fill){0};
    fill_call(call, &fill->fill);
    if (keys_have_tags())
        call_to_slot(call, slot);
}

/* --- samples --------------------------------------------------------------------------------- */

static void add_sample(struct sampler *sampler, struct sighting *sighting)
{
    struct queue_sample *sample = &sampler->samples.samples[sampler->samples.count];

    sampler->sampled[sampler->samples.count++] = sighting;
    *sample = (struct queue_sample){
        .queue = sighting->name,
        .time_ms = sighting->time_ms,
        .before_ms = sighting->before_ms,
        .before_pushed = sighting->before_pushed,
        .first = sighting->gauge.first,
    };
    sample_columns(&sighting->gauge, sample->columns);
}

static bool call_for_samples(struct sampler *sampler, struct call *call, const struct alink *alink)
{
    sampler->samples.count = 0;
    while (sampler->changed_at < sampler->changed_count &&
           sampler->samples.count < keys_together(SAMPLES)) {
        struct sighting *sighting = sampler->changed[sampler->changed_at];
        int slot = slot_of(KEY_SAMPLED, sighting->name);
        struct node_fill *fill = fill_of(sampler, alink, slot);

        if (fill && !fill->is_known) {
            if (sampler->samples.count)
                break; /* these first */
            ask_for_room(sampler, call, fill, slot);
            return true;
        }
        sampler->changed_at++;
        if (fill && !is_full(&fill->fill))
            add_sample(sampler, sighting);
    }
    if (sampler->samples.count)
        samples_call(call, &sampler->samples);
    return sampler->samples.count > 0;
}

static void note_sample(struct sampler *sampler, struct sighting *sighting,
                        const struct queue_sample *sample)
{
    set_bytes(sampler, sighting, sample->bytes);
    sighting->is_written = sample->is_written;
    sighting->sampled_ms = sample->sampled_ms;
    sighting->has_history = true;
    if (sighting->pushed_s != sample->pushed_s || sighting->is_bound != sample->is_bound)
        roster_mark(&sampler->roster, sighting);
    sighting->pushed_s = sample->pushed_s;
    sighting->is_bound = sample->is_bound;
}

static void note_samples(struct sampler *sampler, enum status status)
{
    for (int i = 0; i < sampler->samples.count && status == STATUS_OK; i++)
        note_sample(sampler, sampler->sampled[i], &sampler->samples.samples[i]);
    if (status == STATUS_OK)
        sampler->taken += (unsigned)sampler->samples.count;
}

/* --- the index ------------------------------------------------------------------------------- */

static void add_line(struct buffer *lines, const struct sighting *sighting)
{
    const struct gauge *gauge = &sighting->gauge;
    const struct rates *rates = &sighting->rates;

    index_add_line(lines, sighting->name,
                   (const long long[INDEX_COLUMNS]){
                       gauge->ready, gauge->leased, gauge->delayed, gauge->dead, gauge->consumers,
                       gauge->bits & ~GAUGE_WAITS, sighting->pushed_s, sighting->is_bound,
                       rates->in, rates->out, rates->acked, rates->returned, rates->died});
}

static bool call_for_chunk(struct sampler *sampler, struct call *call, const struct alink *alink)
{
    struct roster *roster = &sampler->roster;
    int chunks = roster_chunks(roster), slot = slot_of(KEY_INDEX, "");
    struct node_fill *fill = fill_of(sampler, alink, slot);

    if (fill && !fill->is_known) {
        ask_for_room(sampler, call, fill, slot);
        return true;
    }
    while (sampler->chunk < chunks && !roster->is_dirty[sampler->chunk])
        sampler->chunk++;
    if (!fill || is_full(&fill->fill) || sampler->chunk == chunks) {
        sampler->stage = fill && !is_full(&fill->fill) ? SAMPLER_PUBLISHES : SAMPLER_FORGETS;
        return false;
    }
    buffer_reset(&sampler->lines);
    for (int i = sampler->chunk * ROSTER_CHUNK;
         i < roster->count && i < (sampler->chunk + 1) * ROSTER_CHUNK; i++)
        add_line(&sampler->lines, roster->places[i]);
    index_chunk_call(call, sampler->id, sampler->chunk, &sampler->lines);
    return true;
}

static void note_chunk(struct sampler *sampler, enum status status)
{
    if (status == STATUS_OK)
        sampler->roster.is_dirty[sampler->chunk] = false;
    else
        sampler->stage = SAMPLER_FORGETS; /* the next round tells it */
    sampler->chunk++;
}

static bool call_to_publish(struct sampler *sampler, struct call *call)
{
    sampler->publishing.who = sampler->id;
    sampler->publishing.chunks = roster_chunks(&sampler->roster);
    index_publish_call(call, &sampler->publishing);
    return true;
}

/* Where another one has published meanwhile, or Redis has lost what was there, what stands there of
 * queues that have not changed is not known. */
static void note_published(struct sampler *sampler, enum status status)
{
    struct roster *roster = &sampler->roster;

    sampler->stage = SAMPLER_FORGETS;
    if (status == STATUS_OK && sampler->publishing.is_own)
        return;
    roster_mark_all(roster);
    for (int i = 0; i < roster->count; i++)
        roster->places[i]->is_written = gauge_is_empty(&roster->places[i]->gauge);
}

/* --- the longest idle ------------------------------------------------------------------------ */

static bool call_to_forget(struct sampler *sampler, struct call *call,
                           const struct settings *settings)
{
    sampler->forgotten =
        sampler->bytes > settings->history_bytes ? roster_longest_idle(&sampler->roster) : NULL;
    if (!sampler->forgotten) {
        sampler->stage = SAMPLER_WRITES;
        return false;
    }
    sample_forget_call(call, sampler->forgotten->name, !sampler->forgotten->has_history);
    return true;
}

static void note_forgotten(struct sampler *sampler, enum status status)
{
    struct sighting *sighting = sampler->forgotten;
    long long left = sighting->has_history && sighting->bytes > BARE_BYTES ? BARE_BYTES
                     : sighting->has_history                               ? sighting->bytes
                                                                           : 0;

    if (status != STATUS_OK) {
        sampler->stage = SAMPLER_WRITES; /* the next round tries again */
        return;
    }
    set_bytes(sampler, sighting, left);
    sighting->has_history = false;
}

/* --- call by call ---------------------------------------------------------------------------- */

bool sampler_next(struct sampler *sampler, struct call *call, const struct alink *alink,
                  const struct settings *settings)
{
    if (call_for_samples(sampler, call, alink) || call_for_gauges(sampler, call))
        return true;
    if (sampler->stage == SAMPLER_TELLS && call_for_chunk(sampler, call, alink))
        return true;
    if (sampler->stage == SAMPLER_PUBLISHES)
        return call_to_publish(sampler, call);
    return sampler->stage == SAMPLER_FORGETS && call_to_forget(sampler, call, settings);
}

void sampler_done(struct sampler *sampler, enum status status)
{
    if (sampler->is_gauging) {
        note_gauges(sampler, status);
    } else if (sampler->asked) {
        sampler->asked->is_known = true;
        if (status != STATUS_OK) /* then it is full, as far as is known */
            sampler->asked->fill = (struct fill){.used = 100, .most = 100};
        sampler->asked = NULL;
    } else if (sampler->samples.count) {
        note_samples(sampler, status);
    } else if (sampler->stage == SAMPLER_TELLS) {
        note_chunk(sampler, status);
    } else if (sampler->stage == SAMPLER_PUBLISHES) {
        note_published(sampler, status);
    } else if (sampler->stage == SAMPLER_FORGETS) {
        note_forgotten(sampler, status);
    }
}
