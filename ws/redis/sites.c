/* sites.c - the nodes of Redis that are used.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/sites.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/target.h"
#include "redis/next.h"

#define UNUSED_S  60  /* so long a node is kept that is no master any more */
#define TRUSTED_S 1.0 /* so long MOVED is believed, whatever maps say */

/* A slot that a node has said is at another one. */
struct moved {
    TAILQ_ENTRY(moved) next;
    int slot;
    ev_tstamp at; /* when that was said last */
    char name[ADDRESS_TEXT];
};

bool sites_are_up(const struct sites *sites)
{
    const struct site *site;

    TAILQ_FOREACH (site, &sites->all, next)
        if (site->state == UP)
            return true;
    return false;
}

size_t sites_bytes(const struct sites *sites)
{
    const struct site *site;
    size_t bytes = 0;

    TAILQ_FOREACH (site, &sites->all, next)
        bytes += site_bytes(site);
    return bytes;
}

struct site *sites_of_slot(struct sites *sites, int slot)
{
    int number;

    if (slot < 0 || !sites->map)
        return sites->home;
    number = cluster_node(sites->map, slot);
    return number < 0 ? NULL : sites->of[number];
}

bool sites_are_doubtful(const struct sites *sites)
{
    const struct site *site;

    TAILQ_FOREACH (site, &sites->all, next)
        if (site->is_master && site->state != UP)
            return true;
    return sites->map && (sites->is_ahead || cluster_holes(sites->map) > 0);
}

/* --- which there are -------------------------------------------------------------------------- */

static struct site *site_get(struct sites *sites, const char *name)
{
    struct site *site;

    TAILQ_FOREACH (site, &sites->all, next)
        if (strcmp(nodes_name(&site->nodes), name) == 0)
            break;
    if (!site) {
        site = site_new_member(&sites->base, sites->settings, name);
        TAILQ_INSERT_TAIL(&sites->all, site, next);
    }
    site->used_at = ev_now(sites->base.loop);
    return site;
}

static void drop_unused(struct sites *sites)
{
    ev_tstamp now = ev_now(sites->base.loop);
    struct site *next;

    for (struct site *site = TAILQ_FIRST(&sites->all); site; site = next) {
        next = TAILQ_NEXT(site, next);
        if (site->is_master || site == sites->home || now - site->used_at < UNUSED_S)
            continue;
        TAILQ_REMOVE(&sites->all, site, next);
        site_free(site);
    }
}

/* Each number of the map has its site. */
static void number_sites(struct sites *sites)
{
    struct site *site;

    TAILQ_FOREACH (site, &sites->all, next)
        site->is_master = false;
    memset(sites->of, 0, sizeof(sites->of));
    for (int i = 0; i < sites->map->count; i++) {
        site = sites->of[i] = site_get(sites, sites->map->names[i]);
        site->is_master = true;
    }
}

/* Of many helpers not all have the same one. */
void sites_look_for_home(struct sites *sites)
{
    struct site *home = sites->home, *site;
    long count = 0;

    if (!sites->map || (home && home->is_master && home->state == UP))
        return;
    TAILQ_FOREACH (site, &sites->all, next)
        if (site->is_master && site->state == UP && random() % ++count == 0)
            sites->home = site;
    if (home)
        home->used_at = ev_now(sites->base.loop); /* what is there has to leave yet */
}

/* --- what MOVED has said ---------------------------------------------------------------------- */

static void drop_moved(struct sites *sites, struct moved *moved)
{
    TAILQ_REMOVE(&sites->moved, moved, next);
    free(moved);
}

static void note_moved(struct sites *sites, int slot, const char *name)
{
    struct moved *moved;

    TAILQ_FOREACH (moved, &sites->moved, next)
        if (moved->slot == slot)
            break;
    if (moved)
        TAILQ_REMOVE(&sites->moved, moved, next);
    else
        moved = xmalloc(sizeof(*moved));
    *moved = (struct moved){.slot = slot, .at = ev_now(sites->base.loop)};
    memcpy(moved->name, name, strlen(name) + 1);
    TAILQ_INSERT_HEAD(&sites->moved, moved, next);
}

static bool is_in_map(const struct sites *sites, const struct moved *moved)
{
    int number = cluster_node(sites->map, moved->slot);

    return number >= 0 && strcmp(sites->map->names[number], moved->name) == 0;
}

/* A map may be older than MOVED, but not that of the node that MOVED named. */
static void keep_moved(struct sites *sites, const char *answered)
{
    ev_tstamp now = ev_now(sites->base.loop);
    struct moved *next;

    sites->is_ahead = false;
    for (struct moved *moved = TAILQ_FIRST(&sites->moved); moved; moved = next) {
        next = TAILQ_NEXT(moved, next);
        if (now - moved->at >= TRUSTED_S || strcmp(answered, moved->name) == 0) {
            drop_moved(sites, moved);
        } else if (!is_in_map(sites, moved)) {
            cluster_moved(sites->map, moved->slot, moved->name);
            sites->is_ahead = true;
        }
    }
}

bool sites_read(struct sites *sites, const struct redisReply *reply, const char *answered)
{
    if (!cluster_read(sites->map, reply, answered))
        return false;
    keep_moved(sites, answered);
    number_sites(sites);
    sites_look_for_home(sites);
    drop_unused(sites);
    return true;
}

bool sites_moved(struct sites *sites, const struct site *answered,
                 const struct elsewhere *elsewhere)
{
    char name[ADDRESS_TEXT];
    int before = cluster_node(sites->map, elsewhere->slot), number;

    if (!cluster_name(elsewhere, nodes_name(&answered->nodes), name))
        return false;
    number = cluster_moved(sites->map, elsewhere->slot, name);
    if (number < 0)
        return false;
    note_moved(sites, elsewhere->slot, name);
    if (!sites->of[number]) {
        sites->of[number] = site_get(sites, name);
        sites->of[number]->is_master = true;
    }
    return number != before;
}

struct site *sites_asked(struct sites *sites, const struct site *answered,
                         const struct elsewhere *elsewhere)
{
    char name[ADDRESS_TEXT];

    if (!cluster_name(elsewhere, nodes_name(&answered->nodes), name))
        return NULL;
    return site_get(sites, name);
}

/* --- life ------------------------------------------------------------------------------------- */

void sites_begin(struct sites *sites, const struct settings *settings)
{
    sites->settings = settings;
    TAILQ_INIT(&sites->all);
    TAILQ_INIT(&sites->moved);
    if (target_kind(settings->redis) == TARGET_CLUSTER) {
        sites->map = xmalloc(sizeof(*sites->map));
        memset(sites->map, 0, sizeof(*sites->map));
        return;
    }
    sites->home = site_new(&sites->base, settings);
    TAILQ_INSERT_TAIL(&sites->all, sites->home, next);
}

void sites_configure(struct sites *sites, const struct settings *old,
                     const struct settings *settings)
{
    struct site *site;

    sites->settings = settings;
    TAILQ_FOREACH (site, &sites->all, next)
        site_configure(site, old, settings);
}

void sites_clear(struct sites *sites)
{
    struct moved *moved;
    struct site *site;

    while ((site = TAILQ_FIRST(&sites->all))) {
        TAILQ_REMOVE(&sites->all, site, next);
        site_free(site);
    }
    while ((moved = TAILQ_FIRST(&sites->moved)))
        drop_moved(sites, moved);
    if (sites->map)
        cluster_clear(sites->map);
    free(sites->map);
}
