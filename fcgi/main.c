/* main.c - restmq.fcgi: options, then request after request.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcgiapp.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "base/number.h"
#include "broker/fsck.h"
#include "fcgi/gateway.h"
#include "fcgi/listener.h"
#include "handlers/exchange.h"
#include "handlers/routes.h"

#define DEFAULT_CONFIG SYSCONFDIR "/restmq/restmq.conf"

static const char usage[] =
    "usage: restmq.fcgi [--config FILE] [--check-config] [--version] [--help]\n"
    "       restmq.fcgi [--config FILE] --fsck [--repair] [--grace SECONDS]\n"
    "\n"
    "RestMQ's queues over FastCGI.  Run by a web server or by spawn-fcgi, with the\n"
    "listening socket as descriptor 0.\n"
    "\n"
    "  --config FILE   settings (default " DEFAULT_CONFIG ", if it is there)\n"
    "  --check-config  print the settings and exit\n"
    "  --fsck          look whether the parts of all queues fit together; exit 1 if not\n"
    "  --repair        and mend what was seen twice\n"
    "  --grace SECONDS between the two looks (default 60)\n"
    "  --version       print the version and exit\n"
    "  --help          print this and exit\n";

struct responder {
    struct config config;
    struct listener listener;
    struct sweep sweep;
    struct exchange exchange;
    struct buffer out;
};

static void apply_settings(struct responder *responder)
{
    const struct settings *settings = &responder->config.settings;

    log_to(settings->log);
    responder->exchange.settings = settings;
}

static void refresh_settings(struct responder *responder)
{
    bool force = responder->listener.must_reload;
    struct settings old;

    responder->listener.must_reload = false;
    if (!config_refresh(&responder->config, force, &old))
        return;
    link_configure(responder->exchange.link, &old, &responder->config.settings);
    apply_settings(responder);
    settings_clear(&old);
}

static void answer(struct responder *responder, FCGX_Request *fcgi)
{
    struct exchange *exchange = &responder->exchange;
    const struct settings *settings = exchange->settings;
    struct request *request = &exchange->request;
    struct request_head head = gateway_head(fcgi->envp);
    enum status head_status, status;

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
    routes_answer(exchange, status);
    if (!gateway_send(fcgi, &exchange->response, request->is_head, &responder->out))
        log_error("the web server did not take the answer to %.10s %.200s",
                  head.method ? head.method : "-", head.target ? head.target : "-");
}

/* Between requests: purged messages go while nobody waits, and one step goes after each request
 * when somebody always does. */
static void pause_between(struct responder *responder, bool is_idle)
{
    struct exchange *exchange = &responder->exchange;

    sweep_step(&responder->sweep, exchange->link, &exchange->call);
    if (is_idle && responder->sweep.count == 0 && !responder->listener.must_stop)
        listener_wait(&responder->listener);
    else
        listener_poll_signals(&responder->listener);
}

static int serve(struct responder *responder)
{
    FCGX_Request fcgi;
    bool is_last_look = false;
    int error = 0;

    FCGX_Init();
    FCGX_InitRequest(&fcgi, 0, 0);
    /* Told to stop, it looks once more: a connection may have woken this process and no other. */
    while (!is_last_look) {
        is_last_look = responder->listener.must_stop;
        error = FCGX_Accept_r(&fcgi);
        if (error == 0) {
            refresh_settings(responder);
            answer(responder, &fcgi);
            gateway_finish(&fcgi);
        } else if (error == -EBADF || error == -ENOTSOCK || error == -EINVAL) {
            log_error("accept: %s", strerror(-error));
            break;
        }
        pause_between(responder, error != 0);
        if (responder->listener.must_reload)
            refresh_settings(responder);
    }
    FCGX_Free(&fcgi, 1);
    return responder->listener.must_stop ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct responder *responder)
{
    int exit_code = EXIT_FAILURE;

    apply_settings(responder);
    responder->exchange.link = link_new(&responder->config.settings);
    responder->exchange.sweep = &responder->sweep;
    if (listener_open(&responder->listener)) {
        exit_code = serve(responder);
        listener_close(&responder->listener);
    }
    link_free(responder->exchange.link);
    exchange_clear(&responder->exchange);
    buffer_clear(&responder->out);
    return exit_code;
}

enum action { ACTION_RUN, ACTION_CHECK, ACTION_FSCK, ACTION_EXIT, ACTION_USAGE };

static bool parse_grace(const char *text, unsigned *seconds)
{
    long long number;

    if (!number_parse(text, strlen(text), 0, 3600, &number))
        return false;
    *seconds = (unsigned)number;
    return true;
}

static enum action parse_options(int argc, char **argv, const char **file,
                                 struct fsck_options *fsck)
{
    static const struct option options[] = {
        {"config",       required_argument, NULL, 'c'},
        {"check-config", no_argument,       NULL, 'k'},
        {"fsck",         no_argument,       NULL, 'f'},
        {"repair",       no_argument,       NULL, 'r'},
        {"grace",        required_argument, NULL, 'g'},
        {"version",      no_argument,       NULL, 'v'},
        {"help",         no_argument,       NULL, 'h'},
        {NULL,           0,                 NULL, 0  },
    };
    enum action action = ACTION_RUN;
    bool has_grace = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            *file = optarg;
            break;
        case 'k':
            action = ACTION_CHECK;
            break;
        case 'f':
            action = ACTION_FSCK;
            break;
        case 'r':
            fsck->repair = true;
            break;
        case 'g':
            has_grace = true;
            if (!parse_grace(optarg, &fsck->grace_seconds))
                return ACTION_USAGE;
            break;
        case 'v':
            puts("restmq.fcgi " PACKAGE_VERSION);
            return ACTION_EXIT;
        case 'h':
            fputs(usage, stdout);
            return ACTION_EXIT;
        default:
            return ACTION_USAGE;
        }
    }
    if (action != ACTION_FSCK && (fsck->repair || has_grace))
        return ACTION_USAGE;
    return optind == argc ? action : ACTION_USAGE;
}

static int check_config(const struct config *config)
{
    printf("%s: %s\n", config->file, config->seen.st_ino ? "ok" : "not there, defaults");
    settings_print(&config->settings, stdout);
    return EXIT_SUCCESS;
}

static int check_queues(const struct config *config, const struct fsck_options *options)
{
    struct link *link = link_new(&config->settings);
    struct reason reason = {0};
    long long problems = 0;
    enum status status = fsck_run(link, options, stdout, &problems, &reason);

    link_free(link);
    if (status != STATUS_OK)
        fprintf(stderr, "restmq.fcgi: %s\n", reason.text);
    return status == STATUS_OK && problems == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Whoever manages the processes would start the next one at once, thousands a second. */
static void refuse_to_start(const struct settings_problem *problem)
{
    fprintf(stderr, "restmq.fcgi: %s\n", problem->text);
    if (!FCGX_IsCGI())
        sleep(1);
}

int main(int argc, char **argv)
{
    static struct responder responder;
    struct fsck_options fsck = {.grace_seconds = 60};
    struct settings_problem problem;
    const char *file = NULL;
    enum action action = parse_options(argc, argv, &file, &fsck);
    int exit_code = EXIT_FAILURE;

    signal(SIGPIPE, SIG_IGN);
    log_open("restmq.fcgi");
    if (action == ACTION_EXIT)
        return EXIT_SUCCESS;
    if (action == ACTION_USAGE) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    if (!config_open(&responder.config, file ? file : DEFAULT_CONFIG, !file, &problem))
        refuse_to_start(&problem);
    else if (action == ACTION_CHECK)
        exit_code = check_config(&responder.config);
    else if (action == ACTION_FSCK)
        exit_code = check_queues(&responder.config, &fsck);
    else if (FCGX_IsCGI())
        fprintf(stderr, "restmq.fcgi: descriptor 0 is no listening socket\n\n%s", usage);
    else
        exit_code = run(&responder);
    config_clear(&responder.config);
    return exit_code;
}
