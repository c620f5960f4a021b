/* main.c - restmq-wsd: options, then the loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/log.h"
#include "base/options.h"
#include "base/output.h"
#include "broker/keys.h"
#include "http/access.h"
#include "protocol/check.h"
#include "redis/tls.h"
#include "ws/offer.h"
#include "ws/server.h"

#define DEFAULT_CONFIG SYSCONFDIR "/restmq/restmq.conf"

static const struct program this_program = {
    "restmq-wsd", PACKAGE_VERSION,
    "usage: restmq-wsd [--config FILE] [--check-config] [--version] [--help]\n"
    "\n"
    "Serves those who wait for RestMQ's queues: websocket, comet, server-sent events,\n"
    "long-poll, publish and subscribe, presence.\n"
    "\n"
    "  --config FILE   settings (default " DEFAULT_CONFIG ", if it is there)\n"
    "  --check-config  print the settings and exit\n"
    "  --version       print the version and exit\n"
    "  --help          print this and exit\n"};

static int run(struct config *config, const struct access *access)
{
    int exit_code;

    keys_use_tags(config->settings.hash_tags);
    exit_code = server_run(config, access);

    config_clear(config);
    return exit_code;
}

static int check(const struct config *config, const struct access *access)
{
    int exit_code = check_config(config, access, config->settings.listen);

    offer_print(access);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct config config;
    struct access access = {0};
    struct file_problem problem;
    const char *file = NULL;
    enum start wanted = options_read(&this_program, argc, argv, &file);
    int exit_code = EXIT_FAILURE;

    signal(SIGPIPE, SIG_IGN);
    atexit(output_end);
    log_open("restmq-wsd");
    if (wanted == START_DONE)
        return EXIT_SUCCESS;
    if (wanted == START_USAGE)
        return EXIT_FAILURE;
    if (!config_open(&config, file ? file : DEFAULT_CONFIG, !file, &problem) ||
        !config_must_pass(&config, tls_check, &problem) ||
        !access_open(&access, &config.settings, &problem))
        fprintf(stderr, "restmq-wsd: %s\n", problem.text);
    else if (wanted == START_CHECK)
        exit_code = check(&config, &access);
    else if (!config_begin_log(&config, &problem))
        fprintf(stderr, "restmq-wsd: %s\n", problem.text);
    else
        return run(&config, &access);
    access_close(&access);
    config_clear(&config);
    return exit_code;
}
