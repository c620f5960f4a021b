/* survey.h - asks the nodes of a Redis Cluster which of them has which slot, on the loop: now and
 * then, and when there is a reason.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_SURVEY_H
#define WS_REDIS_SURVEY_H

#include <ev.h>
#include <stdbool.h>

struct cluster;
struct redisReply;
struct settings;
struct survey;
struct turn;

/* The node of that name has answered; false: that is of no use, and another one is asked. */
typedef bool survey_found(void *user, const struct redisReply *reply, const char *name);

/* Begins with the first turn of the loop, with the nodes of the settings, which must outlive it or
 * be replaced; then those of the map are asked, too. */
struct survey *survey_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                          const struct cluster *map, survey_found *found, void *user);

/* A survey of NULL is none, in all that follows. */
void survey_free(struct survey *survey);
void survey_configure(struct survey *survey, const struct settings *old,
                      const struct settings *settings);

/* The map may not be true any more: it is asked for soon, once for several reasons. */
void survey_ask(struct survey *survey);

/* A master is away, and may have a successor: the map is asked for more often; until it is well. */
void survey_hurry(struct survey *survey, bool is_doubtful);

/* At the end of a turn. */
void survey_flush(struct survey *survey);

#endif
