/* link.c - calls that wait for Redis.
 *
 * nodes.c says where Redis is, node.c moves the bytes, and next.c says what becomes of a call.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/link.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/memory.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/nodes.h"

struct link {
    struct nodes nodes;
    struct node *node;
    struct node_asker asker; /* of the node */
};

struct link *link_new(const struct settings *settings)
{
    struct link *link = xmalloc(sizeof(*link));

    *link = (struct link){0};
    nodes_init(&link->nodes, settings);
    link->node = node_new(&link->nodes, nodes_name(&link->nodes), &link->asker);
    return link;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    node_free(link->node);
    free(link);
}

void link_configure(struct link *link, const struct settings *old, const struct settings *settings)
{
    bool is_other = nodes_configure(&link->nodes, old, settings);

    node_move(link->node, nodes_name(&link->nodes));
    if (is_other || old->redis_timeout_ms != settings->redis_timeout_ms)
        node_close(link->node);
}

void link_ask_first(struct link *link, link_wanted *is_wanted, void *user)
{
    link->asker = (struct node_asker){.is_wanted = is_wanted, .user = user};
}

static enum status fail(const struct link *link, enum sending sending, const struct call *call,
                        struct reason *reason)
{
    enum status status = next_of_loss(call, sending == SENDING_BROKE_OFF, reason);

    if (sending == SENDING_UNWANTED)
        return refuse(reason, status, "the client has gone");
    if (sending == SENDING_REFUSED)
        return refuse(reason, status, "Redis refused %s", node_refused(link->node));
    return status;
}

static struct next read_reply(struct run *run, redisReply *reply, struct reason *reason)
{
    struct next next = next_of(run, reply, reason);

    if (next_is_sending(&next))
        freeReplyObject(reply);
    else
        call_keep_reply(run->call, reply);
    return next;
}

static enum status run_to_end(struct link *link, struct run *run, struct reason *reason)
{
    struct next next;

    do {
        enum sending sending = node_send(link->node, run, 1);
        redisReply *reply = sending == SENDING_DONE ? node_receive(link->node) : NULL;

        if (!reply)
            return fail(link, sending == SENDING_DONE ? SENDING_BROKE_OFF : sending, run->call,
                        reason);
        next = read_reply(run, reply, reason);
    } while (next_is_sending(&next));
    if (next.step == STEP_RECONNECT)
        node_close(link->node);
    return next.status;
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    struct run run = {.call = call};

    return run_to_end(link, &run, reason);
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    struct run runs[LINK_VOLLEY] = {{0}};
    bool wants_reconnect = false, is_open[LINK_VOLLEY] = {0};
    enum sending sending;

    for (int i = 0; i < count; i++)
        runs[i].call = &errands[i].call;
    sending = node_send(link->node, runs, count);
    for (int i = 0; i < count; i++) {
        struct errand *errand = &errands[i];
        redisReply *reply = sending == SENDING_DONE ? node_receive(link->node) : NULL;
        struct next next;

        errand->reason = (struct reason){0};
        if (!reply) {
            sending = sending == SENDING_DONE ? SENDING_BROKE_OFF : sending;
            errand->status = fail(link, sending, &errand->call, &errand->reason);
            continue;
        }
        next = read_reply(&runs[i], reply, &errand->reason);
        errand->status = next.status;
        is_open[i] = next_is_sending(&next);
        wants_reconnect = wants_reconnect || next.step == STEP_RECONNECT;
    }
    if (wants_reconnect)
        node_close(link->node);
    for (int i = 0; i < count; i++)
        if (is_open[i])
            errands[i].status = run_to_end(link, &runs[i], &errands[i].reason);
}
