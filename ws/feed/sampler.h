/* sampler.h - samples of the numbers of all queues, which the one helper takes that walks over
 * them.
 *
 * It keeps what it has seen of each queue, so that only changes are written to Redis.  Its scripts
 * do no harm when another helper runs them, too.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SAMPLER_H
#define WS_FEED_SAMPLER_H

#include <stdbool.h>

#include "base/status.h"
#include "broker/gauge.h"
#include "broker/index.h"
#include "broker/info.h"
#include "broker/sample.h"
#include "redis/cluster.h"
#include "ws/feed/roster.h"

struct alink;
struct call;
struct settings;

/* The memory of a node, as it was told in this round. */
struct node_fill {
    bool is_known;
    struct fill fill;
};

enum sampler_stage {
    SAMPLER_WRITES,    /* samples of what has changed */
    SAMPLER_TELLS,     /* chunks of the index, */
    SAMPLER_PUBLISHES, /* which count from then on */
    SAMPLER_FORGETS,   /* the samples of the longest idle queues */
};

/* Zeroed memory has seen nothing; id is filled in. */
struct sampler {
    const char *id; /* of this helper, in presence */
    struct roster roster;
    unsigned round;
    bool is_broken;      /* some queues were not seen in this round */
    long long began_ms;  /* when the first queue of it was seen, by Redis's clock; 0: none was */
    long long before_ms; /* likewise of the round before, in which all were seen; 0: not so */
    long long bytes;     /* of all samples, about */
    enum sampler_stage stage;
    struct round_look *look;              /* the queues in hand, */
    struct sighting *unsure[ROUND_BATCH]; /* of which these need a closer look, */
    int unsure_at[ROUND_BATCH];           /* these of the look, */
    int unsure_count, unsure_done;        /* up to here; */
    struct gauges gauges;                 /* some of them, if it is under way, */
    bool is_gauging;
    struct sighting *changed[ROUND_BATCH]; /* and these have changed */
    int changed_count, changed_at;
    struct queue_samples samples;      /* that are being written, */
    struct sighting *sampled[SAMPLES]; /* of these */
    int chunk;                         /* the next one */
    struct buffer lines;
    struct index_publishing publishing;
    struct sighting *forgotten; /* is being */
    struct node_fill *asked;    /* is being; NULL: none */
    struct node_fill fills[CLUSTER_NODES];
    unsigned long long taken; /* so many samples, ever */
};

void sampler_clear(struct sampler *sampler);

/* Forgets all: another helper may have written samples meanwhile. */
void sampler_reset(struct sampler *sampler);

/* The walk has seen some queues, or could not.  The look is of the same queues, and gets the bits
 * of those where something waits, as long as sampler_next() has calls. */
void sampler_see(struct sampler *sampler, const struct quick *quick, struct round_look *look);
void sampler_miss(struct sampler *sampler);

/* With hash tags: need the walk not look at the numbers of a queue in this round?  Where it does
 * not, and nothing waits there, it tells so. */
bool sampler_rests(struct sampler *sampler, const char *queue);
void sampler_pass(struct sampler *sampler, const char *queue);

/* The walk has seen all queues of a round. */
void sampler_end_round(struct sampler *sampler, const struct settings *settings);

/* Builds the next call, if anything is to be looked at or written; none takes Redis longer than a
 * millisecond.  sampler_done() must be told how the call has ended, before any other function. */
bool sampler_next(struct sampler *sampler, struct call *call, const struct alink *alink,
                  const struct settings *settings);
void sampler_done(struct sampler *sampler, enum status status);

#endif
