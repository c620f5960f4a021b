/* server.c - the loop.
 *
 * In a turn, what arrives is only noted: who has to send, which queues may have something.  The end
 * of the turn does the work, so that bursts become few system calls and few calls to Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/meters.h"
#include "broker/authkey_cache.h"
#include "broker/helpers.h"
#include "broker/ring.h"
#include "broker/token.h"
#include "handlers/exchange.h"
#include "handlers/request_metrics.h"
#include "http/access.h"
#include "redis/counts.h"
#include "ws/entrance.h"
#include "ws/feed/attendance.h"
#include "ws/feed/comeback.h"
#include "ws/feed/feeds.h"
#include "ws/feed/helper.h"
#include "ws/feed/look.h"
#include "ws/feed/source.h"
#include "ws/feed/sweeper.h"
#include "ws/feed/walk.h"
#include "ws/net/budget.h"
#include "ws/net/conns.h"
#include "ws/net/ending.h"
#include "ws/net/fanout.h"
#include "ws/net/gap.h"
#include "ws/net/relief.h"
#include "ws/net/role.h"
#include "ws/net/turn.h"
#include "ws/redis/alink.h"
#include "ws/redis/channels.h"
#include "ws/redis/job.h"
#include "ws/role/chat.h"
#include "ws/role/consumer.h"
#include "ws/role/gate.h"
#include "ws/role/helper_metrics.h"
#include "ws/role/inquiry.h"
#include "ws/role/roles.h"
#include "ws/role/routes.h"
#include "ws/shutdown.h"

enum { RELIEF_STEPS = WHEEL_SECOND / 4 };

/* The callbacks of the loop. */
struct watchers {
    struct ev_check begin_of_turn;
    struct ev_prepare end_of_turn;
    struct ev_idle more; /* there is more to do: the loop does not wait */
    struct ev_timer step;
    struct ev_signal terminate, interrupt, user, hang_up;
};

/* The wiring: what there is once, and who gets it. */
struct server {
    struct config *config;
    struct ev_loop *loop;
    struct turn turn;
    struct watchers watchers;
    struct budget budget;
    struct relief relief;
    struct alink *alink;
    struct token_pool pool;
    struct jobs jobs;
    struct helper helper;
    struct conns conns;
    struct entrance entrance;
    struct feeds feeds;
    struct sources hubs;
    struct attendances attendances;
    struct comeback comeback;
    struct sweeper sweeper;
    struct walker walker;
    struct helpers known; /* all that are alive */
    struct gate gate;
    struct meters *meters;
    struct counts counts;   /* of the calls of handlers */
    struct service service; /* of handlers */
    struct inquiries inquiries;
    struct roles roles;
    unsigned steps; /* of the wheel, ever */
    struct shutdown shutdown;
};

/* --- the end of the turn ---------------------------------------------------------------------- */

/* Work for which there was no time comes with the next turn, which begins at once. */
static void look_for_more(struct server *server)
{
    if (turn_has_marked(&server->turn) || conns_have_timeouts(&server->conns) ||
        attendance_has_more(&server->attendances))
        ev_idle_start(server->loop, &server->watchers.more);
    else
        ev_idle_stop(server->loop, &server->watchers.more);
}

static void on_end_of_turn(struct ev_loop *loop, struct ev_prepare *prepare, int events)
{
    struct server *server = prepare->data;

    (void)loop, (void)events;
    conns_tell_timeouts(&server->conns);
    turn_to(&server->turn, CAUSE_PRESENCE);
    comeback_pump(&server->comeback);
    attendance_pump(&server->attendances);
    turn_act(&server->turn);
    relief_pump(&server->relief, &server->conns, alink_bytes(server->alink));
    turn_act(&server->turn);
    sweeper_pump(&server->sweeper);
    if (shutdown_is_over(&server->shutdown))
        ev_break(server->loop, EVBREAK_ALL);
    look_for_more(server);
    turn_end(&server->turn);
}

static void on_begin_of_turn(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct server *server = check->data;

    (void)loop, (void)events;
    turn_begin(&server->turn);
    access_begin_turn(&server->gate.access);
    reading_pump(&server->conns.reading);
}

static void on_more(struct ev_loop *loop, struct ev_idle *idle, int events)
{
    (void)loop, (void)idle, (void)events;
}

/* --- time ------------------------------------------------------------------------------------- */

static void refresh_settings(struct server *server, bool force)
{
    bool has_new_rules = false;
    struct settings old;

    if (config_refresh(server->config, force, &old)) {
        server->conns.settings = &server->config->settings;
        server->budget.limit = (size_t)server->conns.settings->max_memory;
        entrance_limit(&server->entrance);
        alink_configure(server->alink, &old, server->conns.settings);
        has_new_rules = access_has_new_bounds(server->conns.settings, &old);
        settings_clear(&old);
    }
    has_new_rules |= access_refresh(&server->gate.access, server->conns.settings, force);
    if (has_new_rules)
        conns_end_admitted(&server->conns);
}

static void on_step(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct server *server = timer->data;

    (void)loop, (void)events;
    turn_step(&server->turn, WHEEL_STEP_MS * 1000);
    conns_step(&server->conns);
    server->steps++;
    if ((long long)server->steps * WHEEL_STEP_MS >= server->conns.settings->redis_timeout_ms)
        entrance_let_in(&server->entrance);
    if (alink_is_up(server->alink) && !server->helper.is_stopping) {
        looks_step(&server->feeds, server->steps);
        comeback_step(&server->comeback, server->steps);
        if (helper_is_back(&server->helper))
            walk_step(&server->walker, server->steps);
    }
    if (server->steps % RELIEF_STEPS == 0)
        relief_step(&server->relief, &server->budget);
    if (server->steps % WHEEL_SECOND == 0) {
        channels_step(server->helper.channels);
        attendance_step(&server->attendances);
        refresh_settings(server, false);
    }
}

/* --- Redis ------------------------------------------------------------------------------------ */

static void on_up(void *user)
{
    struct server *server = user;

    channels_up(server->helper.channels);
    comeback_up(&server->comeback);
    if (!alink_is_cluster(server->alink)) /* there each channel tells its listeners */
        gap_tell_all(&server->conns);
    entrance_let_in(&server->entrance);
}

/* Whoever comes when this process has just begun waits, so as not to hear that Redis is away. */
static void on_failed(void *user)
{
    struct server *server = user;

    entrance_let_in(&server->entrance);
}

static void on_down(void *user)
{
    struct server *server = user;

    comeback_down(&server->comeback);
    channels_down(server->helper.channels);
    walk_down(&server->walker);
    feeds_do(&server->feeds.sources, feed_reset);
    for (struct conn *conn = server->conns.first; conn; conn = conn->next)
        conn_release(conn); /* as good as it gets: a gap is told later */
}

static void on_trash(void *user, const char *queue)
{
    struct server *server = user;

    sweep_note(server->helper.sweep, queue);
}

static const struct alink_events redis_events = {
    .up = on_up,
    .down = on_down,
    .failed = on_failed,
    .trash = on_trash,
};

/* --- from the beginning to the end ------------------------------------------------------------ */

static void on_stop_signal(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    struct server *server = signal->data;

    (void)loop, (void)events;
    shutdown_begin(&server->shutdown);
}

static void on_hang_up(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    (void)loop, (void)events;
    refresh_settings(signal->data, true);
}

static void watch_signal(struct server *server, struct ev_signal *watcher, int number,
                         void (*act)(struct ev_loop *, struct ev_signal *, int))
{
    ev_signal_init(watcher, act, number);
    watcher->data = server;
    ev_signal_start(server->loop, watcher);
}

static void watch(struct server *server)
{
    watch_signal(server, &server->watchers.terminate, SIGTERM, on_stop_signal);
    watch_signal(server, &server->watchers.interrupt, SIGINT, on_stop_signal);
    watch_signal(server, &server->watchers.user, SIGUSR1,
                 on_stop_signal); /* as FastCGI programs do */
    watch_signal(server, &server->watchers.hang_up, SIGHUP, on_hang_up);
    ev_check_init(&server->watchers.begin_of_turn, on_begin_of_turn);
    ev_set_priority(&server->watchers.begin_of_turn,
                    EV_MAXPRI); /* before all that there is to do */
    ev_prepare_init(&server->watchers.end_of_turn, on_end_of_turn);
    ev_idle_init(&server->watchers.more, on_more);
    ev_timer_init(&server->watchers.step, on_step, 0, WHEEL_STEP_MS / 1000.0);
    server->watchers.begin_of_turn.data = server->watchers.end_of_turn.data =
        server->watchers.step.data = server;
    ev_check_start(server->loop, &server->watchers.begin_of_turn);
    ev_prepare_start(server->loop, &server->watchers.end_of_turn);
    ev_timer_again(server->loop, &server->watchers.step);
    turn_step(&server->turn, 0); /* the first one can be late, too */
}

/* Frees everything, also what there was no time to end in order. */
static void clear(struct server *server)
{
    conns_end(&server->conns);
    feeds_do(&server->feeds.sources, feed_mark);
    turn_act_all(&server->turn); /* settles; what has no call under way goes */
    feeds_do(&server->feeds.sources, feed_abandon);
    turn_act_all(&server->turn);
    if (server->alink) {
        alink_free(server->alink);
        channels_free(server->helper.channels);
    }
    jobs_clear(&server->jobs);
    attendance_clear(&server->attendances);
    helpers_clear(&server->known);
    chats_free(server->roles.chats);
    walk_clear(&server->walker);
    inquiries_clear(&server->inquiries);
    request_metrics_tell_time(server->service.requests);
    request_metrics_free(server->service.requests);
    meters_close(server->meters);
    authkey_cache_free(server->gate.keys);
    rings_free(server->roles.rings);
}

static void renewed(void *user)
{
    struct server *server = user;

    comeback_renewed(&server->comeback);
}

static void returned(void *user)
{
    struct server *server = user;

    comeback_returned(&server->comeback);
}

static void wire_net(struct server *server)
{
    server->budget.limit = (size_t)server->config->settings.max_memory;
    server->conns = (struct conns){
        .loop = server->loop,
        .turn = &server->turn,
        .budget = &server->budget,
        .settings = &server->config->settings,
        .front = &routes_front,
        .user = &server->roles,
    };
    conns_begin(&server->conns);
    server->entrance = (struct entrance){.conns = &server->conns, .access = &server->gate.access};
    turn_serve(&server->turn, CAUSE_FANOUT, fanout_act);
    turn_serve(&server->turn, CAUSE_QUEUES, feed_act);
}

static void wire_feeds(struct server *server)
{
    struct helper *helper = &server->helper;

    *helper = (struct helper){
        .conns = &server->conns,
        .jobs = &server->jobs,
        .pool = &server->pool,
        .sweep = &server->sweeper.sweep,
    };
    server->feeds = (struct feeds){
        .helper = helper,
        .renewed = renewed,
        .returned = returned,
        .user = server,
    };
    server->attendances.helper = helper;
    attendance_begin(&server->attendances, kinds_write);
    server->comeback.helper = helper;
    server->comeback.feeds = &server->feeds;
    server->comeback.attendances = &server->attendances;
    server->sweeper.helper = helper;
    server->walker.helper = helper;
    server->walker.id = server->attendances.id;
    server->walker.sampler.id = server->attendances.id;
    server->shutdown = (struct shutdown){
        .helper = helper,
        .entrance = &server->entrance,
        .attendances = &server->attendances,
        .feeds = &server->feeds,
    };
}

static void wire_roles(struct server *server)
{
    server->gate.keys = authkey_cache_new();
    server->roles = (struct roles){
        .helper = &server->helper,
        .feeds = &server->feeds,
        .hubs = &server->hubs,
        .attendances = &server->attendances,
        .walker = &server->walker,
        .rings = rings_new(),
        .known = &server->known,
        .chats = chats_new(),
        .speaker = &consumer_speaker,
        .gate = &server->gate,
        .inquiries = &server->inquiries,
    };
}

static void wire_handlers(struct server *server)
{
    server->meters = meters_open(server->config->settings.metrics_file);
    counts_begin(&server->counts, server->meters, false);
    server->service = (struct service){
        .settings = &server->config->settings,
        .access = &server->gate.access,
        .keys = server->gate.keys,
        .rings = server->roles.rings,
        .helpers = &server->known,
        .tokens = &server->pool,
        .requests = request_metrics_new(server->meters),
        .counts = &server->counts,
        .has_turns = true,
        .add_process = metrics_add,
        .user = &server->conns,
    };
    server->inquiries.service = &server->service;
}

static void connect_redis(struct server *server)
{
    struct channels *channels;

    server->alink =
        alink_new(server->loop, &server->turn, server->conns.settings, &redis_events, server);
    server->inquiries.alink = server->alink;
    server->jobs = (struct jobs){.alink = server->alink, .budget = &server->budget};
    channels = server->helper.channels = channels_new(server->alink);
    server->feeds.sources = server->hubs =
        (struct sources){.conns = &server->conns, .channels = channels};
    comeback_listen(&server->comeback);
}

int server_run(struct config *config, const struct access *access)
{
    struct server *server = xmalloc(sizeof(*server));
    bool is_listening;

    memset(server, 0, sizeof(*server));
    server->config = config;
    server->gate.access = *access;
    server->loop = ev_default_loop(EVFLAG_AUTO);
    if (!server->loop)
        abort(); /* neither epoll nor poll nor select */
    wire_net(server);
    wire_feeds(server);
    wire_roles(server);
    wire_handlers(server);
    is_listening = entrance_open(&server->entrance);
    if (is_listening) {
        access_log(&server->gate.access);
        connect_redis(server);
        watch(server);
        ev_run(server->loop, 0);
    }
    clear(server);
    ev_loop_destroy(server->loop);
    access_close(&server->gate.access);
    free(server);
    return is_listening ? EXIT_SUCCESS : EXIT_FAILURE;
}
