/* handlers.h - every handler, by the file it is in; routes.c says which request reaches it.
 *
 * A handler has no I/O around it.  It returns OK with the answer in exchange->response, or another
 * status with its reason, from which the answer is made; or what exchange_await() returns, and then
 * the finish that it named goes on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_HANDLERS_H
#define HANDLERS_HANDLERS_H

#include "base/status.h"

struct exchange;

typedef enum status handler(struct exchange *exchange);

// clang-format off
handler get_root, post_root, get_help;                  /* root.c */
handler get_queues;                                     /* queues.c */
handler get_queue;                                      /* take.c */
handler post_queue, put_queue, delete_queue;            /* queue.c */
handler post_acks;                                     /* claims.c */
handler post_deletes;                                  /* redrive.c */
handler post_command, get_command;                      /* command.c */
handler get_policy, post_policy;                        /* policy.c */
handler get_pool, get_pool_list, post_pool;                 /* pool.c */
handler put_pool, delete_pool;
handler get_pools;                                      /* pool_list.c */
handler get_control, get_all_control, post_control;     /* control.c */
handler get_stats, get_all_stats;                       /* stats.c */
handler get_queue_table;                                /* queue_table.c */
handler get_history;                                    /* timeline.c */
handler get_jobs;                                       /* jobs.c */
handler post_pub;                                       /* pub.c */
handler put_pub, get_pub, get_pub_since;                /* recall.c */
handler get_topics, get_presence;                       /* presence.c */
handler get_metrics;                                    /* metrics.c */
handler get_health, get_ready;                          /* health.c */
handler get_server;                                     /* server_state.c */
handler get_openapi;                                    /* openapi.c */
handler get_settings;                                  /* in_force.c */
handler get_rights;                                     /* rights.c */
handler get_ui;                                         /* ui.c */
// clang-format on

#endif
