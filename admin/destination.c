/* destination.c - whether queues may go where restmq retag is told to bring them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/destination.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/map.h"
#include "admin/plain.h"
#include "admin/queue_names.h"
#include "broker/keys.h"
#include "redis/reply.h"

struct visit {
    const struct settings *settings; /* of the target */
    struct link *target;
    struct cluster map; /* where it is a cluster */
    bool is_cluster;
    struct call call;
    struct reason *reason;
};

/* What a Redis says of itself. */
struct identity {
    char run_id[64]; /* "": nothing */
    bool is_member;  /* of a cluster */
};

static enum status read_identity(struct link *link, struct identity *identity,
                                 struct reason *reason)
{
    struct call call = {0};
    const redisReply *info = NULL;
    const char *found = NULL;
    enum status status;

    plain_begin(&call, of_nobody(), "INFO", &info);
    status = link_run(link, &call, reason);
    if (status == STATUS_OK && info->type == REDIS_REPLY_STRING)
        found = strstr(info->str, "run_id:");
    snprintf(identity->run_id, sizeof(identity->run_id), "%.*s",
             found ? (int)strcspn(found, "\r\n") : 0, found ? found : "");
    identity->is_member = found && strstr(info->str, "cluster_enabled:1");
    call_clear(&call);
    return status;
}

/* Is there a counter of that name at the target? */
static enum status has_counter(struct visit *visit, const char *queue, bool *has_it)
{
    const redisReply *reply;
    enum status status;

    plain_begin(&visit->call, of_queue(queue), "EXISTS", &reply);
    keys_add_key(&visit->call, KEY_COUNTER, queue);
    status = link_run(visit->target, &visit->call, visit->reason);
    *has_it = status == STATUS_OK && reply_number(reply, 0) > 0;
    return status;
}

/* A Redis with queues that have no hash tags is no place for such that have some.  A look at as
 * many of them will do, and in a cluster there can be none. */
static enum status check_names(struct visit *visit)
{
    enum { LOOKS = 100 };
    struct queue_names listed = {0};
    bool has_it = false;
    enum status status;

    keys_use_tags(false);
    status = queue_names_read(&listed, visit->target, false, visit->reason);
    for (int i = 0; i < listed.count && i < LOOKS && status == STATUS_OK && !has_it; i++)
        status = has_counter(visit, listed.names[i], &has_it);
    queue_names_clear(&listed);
    if (status == STATUS_OK && has_it)
        return refuse(visit->reason, STATUS_CONFLICT,
                      "--to names a Redis with queues that have no hash tags");
    return status;
}

static enum status check_identity(const struct visit *visit, const struct identity *source,
                                  const struct identity *identity)
{
    if (strcmp(source->run_id, identity->run_id) == 0)
        return refuse(visit->reason, STATUS_CONFLICT,
                      "--to names the Redis of the settings; queues move to another one");
    if (identity->is_member && !visit->is_cluster)
        return refuse(visit->reason, STATUS_CONFLICT,
                      "--to names one node of a Redis Cluster, which is cluster://host:port");
    return STATUS_OK;
}

/* At that node of a cluster, or at the one target. */
static enum status check_master(struct visit *visit, const struct identity *source, char *address)
{
    struct settings settings = *visit->settings;
    struct link *link = visit->target;
    struct identity identity;
    enum status status;

    if (address) {
        settings.redis = address;
        link = link_new(&settings);
    }
    status = read_identity(link, &identity, visit->reason);
    if (address)
        link_free(link);
    return status == STATUS_OK ? check_identity(visit, source, &identity) : status;
}

/* Of a cluster one master that answers is enough: queues of the others can go later. */
static enum status check_masters(struct visit *visit, const struct identity *source)
{
    enum status status = STATUS_UNAVAILABLE;
    int answers = 0;

    for (int i = 0; i < visit->map.count; i++) {
        status = check_master(visit, source, visit->map.names[i]);
        if (status != STATUS_OK && status != STATUS_UNAVAILABLE)
            return status;
        answers += status == STATUS_OK;
    }
    return answers ? STATUS_OK : status;
}

static enum status check_cluster(struct visit *visit, const struct identity *source,
                                 const struct target *target)
{
    enum status status;

    if (!map_read(&visit->map, visit->settings, target, visit->reason))
        return refuse(visit->reason, STATUS_UNAVAILABLE,
                      "no node of the cluster of --to tells its slots");
    status = check_masters(visit, source);
    if (status == STATUS_OK && cluster_holes(&visit->map))
        return refuse(visit->reason, STATUS_CONFLICT,
                      "--to names a Redis Cluster that has slots without a master");
    return status;
}

enum status destination_check(struct link *source, struct link *target,
                              const struct settings *settings, struct reason *reason)
{
    static struct visit visit;
    struct identity identity;
    enum status status = read_identity(source, &identity, reason);
    struct target where;

    visit = (struct visit){.settings = settings, .target = target, .reason = reason};
    visit.is_cluster = target_read(settings->redis, &where) && where.kind == TARGET_CLUSTER;
    if (status == STATUS_OK && identity.is_member)
        status = refuse(reason, STATUS_CONFLICT,
                        "the settings name a node of a Redis Cluster: its queues have hash tags");
    if (status == STATUS_OK && visit.is_cluster)
        status = check_cluster(&visit, &identity, &where);
    else if (status == STATUS_OK)
        status = check_master(&visit, &identity, NULL);
    if (status == STATUS_OK && !visit.is_cluster)
        status = check_names(&visit);
    cluster_clear(&visit.map);
    call_clear(&visit.call);
    return status;
}
