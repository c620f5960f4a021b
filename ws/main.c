/* main.c - restmq-wsd: options, then the loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/log.h"
#include "base/output.h"
#include "broker/keys.h"
#include "http/access.h"
#include "redis/tls.h"
#include "ws/server.h"

#define DEFAULT_CONFIG SYSCONFDIR "/restmq/restmq.conf"

static const char usage[] =
    "usage: restmq-wsd [--config FILE] [--check-config] [--version] [--help]\n"
    "\n"
    "Serves those who wait for RestMQ's queues: websocket, comet, server-sent events,\n"
    "long-poll, publish and subscribe, presence.\n"
    "\n"
    "  --config FILE   settings (default " DEFAULT_CONFIG ", if it is there)\n"
    "  --check-config  print the settings and exit\n"
    "  --version       print the version and exit\n"
    "  --help          print this and exit\n";

enum action { ACTION_RUN, ACTION_CHECK, ACTION_EXIT, ACTION_USAGE };

static enum action parse_options(int argc, char **argv, const char **file)
{
    static const struct option options[] = {
        {"config",       required_argument, NULL, 'c'},
        {"check-config", no_argument,       NULL, 'k'},
        {"version",      no_argument,       NULL, 'v'},
        {"help",         no_argument,       NULL, 'h'},
        {NULL,           0,                 NULL, 0  },
    };
    enum action action = ACTION_RUN;
    int option;

    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            if (*file) /* which of two would count is not to be guessed */
                return ACTION_USAGE;
            *file = optarg;
            break;
        case 'k':
            action = ACTION_CHECK;
            break;
        case 'v':
            puts("restmq-wsd " PACKAGE_VERSION);
            return ACTION_EXIT;
        case 'h':
            fputs(usage, stdout);
            return ACTION_EXIT;
        default:
            return ACTION_USAGE;
        }
    }
    return optind == argc ? action : ACTION_USAGE;
}

static int run(struct config *config, const struct access *access)
{
    int exit_code;

    keys_use_tags(config->settings.hash_tags);
    exit_code = server_run(config, access);

    config_clear(config);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct config config;
    struct access access = {0};
    struct file_problem problem;
    const char *file = NULL;
    enum action action = parse_options(argc, argv, &file);
    int exit_code = EXIT_FAILURE;

    signal(SIGPIPE, SIG_IGN);
    atexit(output_end);
    log_open("restmq-wsd");
    switch (action) {
    case ACTION_EXIT:
        return EXIT_SUCCESS;
    case ACTION_USAGE:
        fputs(usage, stderr);
        return EXIT_FAILURE;
    case ACTION_RUN:
    case ACTION_CHECK:
        break;
    }
    if (!config_open(&config, file ? file : DEFAULT_CONFIG, !file, &problem) ||
        !config_must_pass(&config, tls_check, &problem) ||
        !access_open(&access, &config.settings, &problem))
        fprintf(stderr, "restmq-wsd: %s\n", problem.text);
    else if (action == ACTION_CHECK)
        exit_code = access_check_config(&config, &access);
    else if (!config_begin_log(&config, &problem))
        fprintf(stderr, "restmq-wsd: %s\n", problem.text);
    else
        return run(&config, &access);
    access_close(&access);
    config_clear(&config);
    return exit_code;
}
