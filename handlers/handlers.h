/* handlers.h - every handler, by the file it is in; routes.c says which request reaches it.
 *
 * A handler returns OK with the answer in exchange->response, or another status with its reason,
 * from which the answer is made.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_HANDLERS_H
#define HANDLERS_HANDLERS_H

#include "base/status.h"

struct exchange;

typedef enum status handler(struct exchange *exchange);

// clang-format off
handler root_get, root_post;                            /* root.c */
handler queues_get;                                     /* queues.c */
handler queue_get;                                      /* take.c */
handler queue_post, queue_put, queue_delete;            /* queue.c */
handler queue_acks;                                     /* claims.c */
handler command_post, command_get;                      /* command.c */
handler policy_get, policy_post;                        /* policy.c */
handler pool_get, pool_list, pool_post;                 /* pool.c */
handler pool_put, pool_delete;
handler control_get, control_get_all, control_post;     /* control.c */
handler stats_get, stats_get_all;                       /* stats.c */
handler jobs_get;                                       /* jobs.c */
handler pub_post;                                       /* pub.c */
handler topics_get, presence_get;                       /* presence.c */
handler metrics_get;                                    /* metrics.c */
handler health_get, ready_get;                          /* health.c */
// clang-format on

#endif
