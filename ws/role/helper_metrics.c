/* helper_metrics.c - /metrics: how this helper is, in the text form of Prometheus.  First of all
 * how long its loop keeps others waiting, and with what.
 *
 * A new number takes a line in one of the functions below.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/buffer.h"
#include "handlers/exchange.h"
#include "handlers/metric.h"
#include "handlers/request_metrics.h"
#include "http/response.h"
#include "ws/feed/feed.h"
#include "ws/feed/helper.h"
#include "ws/feed/walk.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/role.h"
#include "ws/net/send.h"
#include "ws/redis/alink.h"
#include "ws/role/helper_metrics.h"
#include "ws/role/inquiry.h"
#include "ws/role/kinds.h"
#include "ws/role/roles.h"

static void add_seconds(struct buffer *out, const char *name, const char *help, long long us)
{
    metric_head(out, name, "gauge", help);
    buffer_addf(out, "%s %.6f\n", name, (double)us / 1e6);
}

static void add_loop(struct buffer *out, const struct turn *turn)
{
    struct turn_longest longest = turn_longest(turn);

    add_seconds(out, "restmq_helper_loop_lag_seconds",
                "How late the loop was at its last look at the clock.", turn->lag_us);
    add_seconds(out, "restmq_helper_loop_lag_max_seconds",
                "The same, the most of the last minute or two.", longest.lag);
    add_seconds(out, "restmq_helper_turn_max_seconds",
                "The longest turn of the loop of the last minute or two.", longest.turn);
    metric_head(out, "restmq_helper_turn_part_max_seconds", "gauge",
                "The most that one turn of the last minute or two spent on a cause.");
    for (int cause = 0; cause < CAUSES; cause++)
        buffer_addf(out, "restmq_helper_turn_part_max_seconds{cause=\"%s\"} %.6f\n",
                    cause_name(cause), (double)longest.of[cause] / 1e6);
    metric_head(out, "restmq_helper_turn_seconds", "summary", "Turns of the loop.");
    buffer_addf(out, "restmq_helper_turn_seconds_sum %.6f\nrestmq_helper_turn_seconds_count %llu\n",
                (double)turn->total_us / 1e6, turn->turns);
    metric_number(out, "restmq_helper_turns_long_total", "counter", "Turns of more than 50 ms.",
                  turn->long_turns);
}

static void add_budget(struct buffer *out, const struct budget *budget)
{
    metric_number(out, "restmq_helper_memory_limit_bytes", "gauge", "max_memory.", budget->limit);
    metric_number(out, "restmq_helper_memory_used_bytes", "gauge",
                  "What is held for clients, of max_memory.", budget->used);
    metric_number(out, "restmq_helper_memory_closed_total", "counter",
                  "Connections that were closed to make room in it.", budget->closed);
    metric_number(out, "restmq_helper_memory_refused_total", "counter",
                  "Requests and commands that were refused for want of room.", budget->refused);
}

static void add_connections(struct buffer *out, const struct conns *conns)
{
    long long counts[KINDS];

    kinds_count(conns, counts);
    metric_head(
        out, "restmq_helper_connections", "gauge",
        "Connections; beginning: the request is not complete, ending: nothing new is sent.");
    for (int kind = 0; kind < KINDS; kind++)
        buffer_addf(out, "restmq_helper_connections{kind=\"%s\"} %lld\n", kind_name(kind),
                    counts[kind]);
}

static void add_closes(struct buffer *out, const struct conns *conns)
{
    metric_head(out, "restmq_helper_closes_total", "counter",
                "Close frames sent to websockets, by their code.");
    for (int kind = 0; kind < CLOSE_KINDS; kind++)
        buffer_addf(out, "restmq_helper_closes_total{code=\"%s\"} %llu\n", close_kind_name(kind),
                    conns->closes[kind]);
}

static void add_messages(struct buffer *out, const struct helper_counts *counts)
{
    static const char *const receivers[RECEIVERS] = {
        [TO_ONE] = "one", [TO_ALL] = "all", [TO_LONG_POLL] = "long-poll"};

    metric_head(
        out, "restmq_helper_deliveries_total", "counter",
        "Messages given to one consumer, to all consumers of a queue (once), to long-polls.");
    for (int to = 0; to < RECEIVERS; to++)
        buffer_addf(out, "restmq_helper_deliveries_total{to=\"%s\"} %llu\n", receivers[to],
                    counts->given[to]);
    metric_number(out, "restmq_helper_acks_total", "counter",
                  "Leases that the helper or a consumer here ended with an ack.",
                  (long long)counts->acked);
    metric_number(out, "restmq_helper_returns_total", "counter",
                  "Messages that the helper or a consumer here gave back.",
                  (long long)counts->returned);
}

static void add_rest(struct buffer *out, const struct roles *roles)
{
    metric_number(out, "restmq_helper_queues", "gauge", "Queues with consumers or long-polls here.",
                  (unsigned long long)roles->feeds->sources.count);
    metric_number(out, "restmq_helper_walks", "gauge",
                  "1: this helper walks over all queues, or 0: another one does.",
                  roles->walker->is_elected);
    metric_number(out, "restmq_helper_walked_total", "counter", "Looks at queues on that walk.",
                  roles->walker->looked);
    metric_number(out, "restmq_helper_queues_removed_total", "counter",
                  "Queues that it removed since nobody used them (queue_ttl).",
                  roles->walker->removed);
    metric_number(out, "restmq_helper_redis_up", "gauge", "1, or 0: Redis is away.",
                  alink_is_up(roles->helper->jobs->alink));
    metric_number(out, "restmq_helper_redis_reconnects_total", "counter",
                  "Times that Redis came back.",
                  (long long)alink_reconnects(roles->helper->jobs->alink));
    metric_number(out, "restmq_helper_redis_calls", "gauge", "Calls that Redis has not answered.",
                  alink_waiting(roles->helper->jobs->alink));
    metric_head(out, "restmq_helper_info", "gauge", "The version of restmq-wsd.");
    buffer_addf(out, "restmq_helper_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
}

void metrics_add(void *user, struct buffer *out)
{
    const struct conns *conns = user;

    add_loop(out, conns->turn);
    add_budget(out, conns->budget);
    add_connections(out, conns);
    add_closes(out, conns);
    add_messages(out, &((const struct roles *)conns->user)->helper->counts);
    add_rest(out, conns->user);
}

static const struct service *service_of(const struct conn *conn)
{
    return ((const struct roles *)conn->conns->user)->inquiries->service;
}

static void metrics_tell(struct conn *conn)
{
    struct response response = conn_begin_response(conn);

    request_metrics_tell_time(service_of(conn)->requests);
    response.type = TYPE_METRICS;
    metrics_add(conn->conns, &response.body);
    conn_answer(conn, &response);
}

const struct role role_metrics = {
    .is_answer = true,
    .is_brief = true,
    .open = metrics_tell,
};
