/* main.c - restmq.fcgi: options, then request after request.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "base/meters.h"
#include "base/options.h"
#include "base/output.h"
#include "broker/authkey_cache.h"
#include "broker/helpers.h"
#include "broker/keys.h"
#include "broker/ring.h"
#include "broker/sweep.h"
#include "fcgi/gateway.h"
#include "fcgi/listener.h"
#include "fcgi/runner.h"
#include "handlers/exchange.h"
#include "handlers/request_metrics.h"
#include "protocol/check.h"
#include "redis/link.h"
#include "redis/tls.h"

#define DEFAULT_CONFIG SYSCONFDIR "/restmq/restmq.conf"

static const struct program this_program = {
    "restmq.fcgi", PACKAGE_VERSION,
    "usage: restmq.fcgi [--config FILE] [--check-config] [--version] [--help]\n"
    "\n"
    "RestMQ's queues over FastCGI.  Run by a web server or by spawn-fcgi, with the\n"
    "listening socket as descriptor 0.\n"
    "\n"
    "  --config FILE   settings (default " DEFAULT_CONFIG ", if it is there)\n"
    "  --check-config  print the settings and exit\n"
    "  --version       print the version and exit\n"
    "  --help          print this and exit\n"};

/* When the program is told to stop: for requests that are not complete, or, where a web server
 * keeps connections, for those.  Whoever asks on one all the time is answered, and the answer ends
 * it. */
enum { STOP_SECONDS = 1, STOP_KEPT_SECONDS = 5 };

struct responder {
    struct config config;
    struct access access;
    struct listener listener;
    struct link *link;
    struct sweep sweep;
    struct helpers helpers;
    struct token_pool tokens;
    struct service service;
    struct exchange exchange;
    struct buffer out;
    struct buffer accept; /* several of them as one list */
};

static void apply_settings(struct responder *responder)
{
    const struct settings *settings = &responder->config.settings;

    responder->service.settings = settings;
    arrivals_limit(&responder->listener.arrivals, settings->max_body);
}

static void refresh_settings(struct responder *responder)
{
    bool force = responder->listener.must_reload;
    struct settings old;

    responder->listener.must_reload = false;
    if (config_refresh(&responder->config, force, &old)) {
        link_configure(responder->link, &old, &responder->config.settings);
        apply_settings(responder);
        settings_clear(&old);
    }
    access_refresh(&responder->access, &responder->config.settings, force);
}

/* Of the target only the path: a client's key may stand behind it. */
static void log_lost_answer(const struct request_head *head)
{
    const char *target = head->target ? head->target : "-";
    size_t path_len = strcspn(target, "?");

    log_error("the web server did not take the answer to %.10s %.*s",
              head->method ? head->method : "-", path_len < 200 ? (int)path_len : 200, target);
}

static bool is_wanted(void *user)
{
    return gateway_is_wanted(user);
}

/* False: the web server did not take the answer. */
static bool answer(struct responder *responder, FCGX_Request *fcgi, const struct arrival *arrival)
{
    struct exchange *exchange = &responder->exchange;
    const struct settings *settings = responder->service.settings;
    struct request *request = &exchange->request;
    struct request_head head = gateway_head(fcgi->envp, &responder->accept);
    enum status head_status, status;
    bool is_sent;

    exchange->reason = (struct reason){0};
    head_status = request_begin(request, &head, settings->prefix, &exchange->reason);
    if (head_status == STATUS_OK) {
        status = gateway_read_body(fcgi, request, settings->max_body, &exchange->reason);
        if (status == STATUS_OK)
            status = request_finish(request, &exchange->reason);
    } else { /* the reason is known already; the body must be out of the way all the same */
        struct reason ignored;

        status = head_status;
        gateway_read_body(fcgi, request, settings->max_body, &ignored);
    }
    gateway_turn(fcgi, arrival->fd);
    if (!arrival->is_shut)
        link_ask_first(responder->link, is_wanted, fcgi);
    runner_answer(exchange, status, responder->link, &responder->sweep);
    link_ask_first(responder->link, NULL, NULL);
    is_sent = gateway_send(fcgi, &exchange->response, request->is_head, &responder->out);
    if (!is_sent)
        log_lost_answer(&head);
    return is_sent;
}

/* Is there nothing to do until something comes? */
static bool may_wait(const struct responder *responder)
{
    const struct listener *listener = &responder->listener;

    if (listener->must_stop)
        return listener->must_drain && listener_has_connections(listener);
    return responder->sweep.count == 0;
}

static void sweep(struct responder *responder)
{
    struct exchange *exchange = &responder->exchange;
    struct reason reason = {0};
    bool more = false;

    if (sweep_call(&responder->sweep, &exchange->call, &more))
        sweep_done(&responder->sweep,
                   link_run(responder->link, &exchange->call, &reason) == STATUS_OK && more);
}

/* Between requests: purged messages go while nobody waits, and one step goes after each request
 * when somebody always does. */
static void pause_between(struct responder *responder, bool is_idle)
{
    sweep(responder);
    if (is_idle && may_wait(responder))
        listener_wait(&responder->listener);
    else if (is_idle)
        listener_look(&responder->listener);
    else
        listener_poll_signals(&responder->listener);
}

/* Serves one request, if one is complete. */
static bool serve_one(struct responder *responder, FCGX_Request *fcgi)
{
    struct arrival arrival;
    bool is_sent;

    if (!listener_next(&responder->listener, &arrival))
        return false;
    if (gateway_begin(fcgi, &arrival)) {
        refresh_settings(responder);
        is_sent = answer(responder, fcgi, &arrival);
        if (gateway_finish(fcgi, &arrival, is_sent))
            arrivals_keep(&responder->listener.arrivals, arrival.fd, arrival.is_watched);
    }
    return true;
}

/* Told to stop, it looks once more: a connection may have woken this process and no other.  Then it
 * accepts no more, and what is here already has some time to become complete.  Where requests never
 * cease, the time is all there is; then each connection is ended. */
static bool is_done(struct responder *responder, bool is_idle, time_t *until)
{
    struct listener *listener = &responder->listener;
    bool is_late;

    if (!listener->must_stop)
        return false;
    if (!*until) {
        *until = time(NULL) + (listener->arrivals.idle.count ? STOP_KEPT_SECONDS : STOP_SECONDS);
        return false;
    }
    is_late = time(NULL) > *until;
    if (is_idle || is_late)
        listener_drain(listener);
    if (is_late)
        arrivals_end(&listener->arrivals);
    return listener->must_drain && !listener_has_connections(listener);
}

static int serve(struct responder *responder)
{
    struct listener *listener = &responder->listener;
    bool is_idle = false;
    FCGX_Request fcgi;
    time_t until = 0;

    FCGX_Init();
    FCGX_InitRequest(&fcgi, -1, 0); /* accepts nothing by itself */
    while (!is_done(responder, is_idle, &until)) {
        is_idle = !serve_one(responder, &fcgi);
        if (is_idle && (listener->error == EBADF || listener->error == ENOTSOCK ||
                        listener->error == EINVAL)) {
            log_error("accept: %s", strerror(listener->error));
            break;
        }
        pause_between(responder, is_idle);
        if (listener->must_reload)
            refresh_settings(responder);
    }
    FCGX_Free(&fcgi, 1);
    return listener->must_stop ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct responder *responder)
{
    struct meters *meters = meters_open(responder->config.settings.metrics_file);
    int exit_code = EXIT_FAILURE;

    responder->link = link_new(&responder->config.settings);
    link_count(responder->link, meters);
    responder->service = (struct service){
        .settings = &responder->config.settings,
        .access = &responder->access,
        .keys = authkey_cache_new(),
        .rings = rings_new(),
        .helpers = &responder->helpers,
        .tokens = &responder->tokens,
        .requests = request_metrics_new(meters),
    };
    responder->exchange.service = &responder->service;
    access_log(&responder->access);
    if (listener_open(&responder->listener)) {
        apply_settings(responder);
        exit_code = serve(responder);
        listener_close(&responder->listener);
    }
    link_free(responder->link);
    request_metrics_tell_time(responder->service.requests);
    request_metrics_free(responder->service.requests);
    meters_close(meters);
    authkey_cache_free(responder->service.keys);
    rings_free(responder->service.rings);
    helpers_clear(&responder->helpers);
    exchange_clear(&responder->exchange);
    buffer_clear(&responder->out);
    buffer_clear(&responder->accept);
    return exit_code;
}

/* A process manager would start the next one at once, thousands a second. */
static int refuse_to_start(const struct file_problem *problem)
{
    fprintf(stderr, "restmq.fcgi: %s\n", problem->text);
    if (!FCGX_IsCGI())
        sleep(1);
    return EXIT_FAILURE;
}

static const char not_by_hand[] =
    "restmq.fcgi: descriptor 0 is no listening socket: let a web server start this program, or "
    "try: spawn-fcgi -n -s /tmp/restmq.sock -- %s (see restmq.fcgi(8))\n";

static int start(struct responder *responder, const char *program)
{
    struct file_problem problem;

    listener_hold_signals();
    if (FCGX_IsCGI()) {
        fprintf(stderr, not_by_hand, program);
        return EXIT_FAILURE;
    }
    return config_begin_log(&responder->config, &problem) ? run(responder)
                                                          : refuse_to_start(&problem);
}

int main(int argc, char **argv)
{
    static struct responder responder;
    const char *file = NULL;
    struct file_problem problem;
    enum start wanted = options_read(&this_program, argc, argv, &file);
    int exit_code = EXIT_FAILURE;
    bool is_open;

    signal(SIGPIPE, SIG_IGN);
    atexit(output_end);
    log_open("restmq.fcgi");
    if (wanted == START_DONE)
        return EXIT_SUCCESS;
    if (wanted == START_USAGE)
        return EXIT_FAILURE;
    is_open = config_open(&responder.config, file ? file : DEFAULT_CONFIG, !file, &problem);
    keys_use_tags(responder.config.settings.hash_tags);
    if (!is_open || !config_must_pass(&responder.config, tls_check, &problem) ||
        !access_open(&responder.access, &responder.config.settings, &problem))
        refuse_to_start(&problem);
    else if (wanted == START_CHECK)
        exit_code = check_config(&responder.config, &responder.access,
                                 "descriptor 0, from a web server or spawn-fcgi");
    else
        exit_code = start(&responder, argv[0]);
    access_close(&responder.access);
    config_clear(&responder.config);
    return exit_code;
}
