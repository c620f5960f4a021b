/* sampler.h - samples of the numbers of all queues, which the one helper takes that walks over
 * them.
 *
 * What it has seen of each queue it keeps, so that Redis is asked to write down only what has
 * changed.  What it writes it says in scripts that do not mind if another helper does so, too.
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

/* What is known of a node's memory in this round. */
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

/* It knows nothing of what others may have changed meanwhile. */
void sampler_reset(struct sampler *sampler);

/* Some queues were seen; or they could not be.  The look is of the same, and gets the bits of those
 * where something waits, as long as sampler_next() has calls. */
void sampler_see(struct sampler *sampler, const struct quick *quick, struct round_look *look);
void sampler_miss(struct sampler *sampler);

/* All queues were. */
void sampler_end_round(struct sampler *sampler, const struct settings *settings);

/* Builds its next call, if there is anything to look at or to write; none of them takes Redis
 * longer than a millisecond.  sampler_done() says how that has ended, before anything else. */
bool sampler_next(struct sampler *sampler, struct call *call, const struct alink *alink,
                  const struct settings *settings);
void sampler_done(struct sampler *sampler, enum status status);

#endif
