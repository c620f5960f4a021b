/* check.c - what --check-config prints.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/check.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "broker/promise.h"
#include "redis/trial.h"

static void print_user(void)
{
    const struct passwd *user = getpwuid(geteuid());

    if (user)
        printf("user: %s\n", user->pw_name);
    else
        printf("user: %d\n", (int)geteuid());
}

/* What Redis is accused of in the log stands on the line, too. */
static void print_redis(const struct settings *settings)
{
    char cause[512] = "";
    struct reason reason = {0};
    struct call call = {0};
    enum status status;

    promise_ping_call(&call);
    log_keep(cause, sizeof(cause));
    status = trial_run(settings, &call, &reason);
    log_keep(NULL, 0);
    if (status == STATUS_OK)
        printf("Redis: answers\n");
    else
        printf("Redis: does not answer: %s\n", *cause ? cause : reason.text);
    call_clear(&call);
}

int check_config(const struct config *config, const struct access *access, const char *sockets)
{
    struct file_problem problem = {0};
    const char *open_file = settings_open_secret(&config->settings);
    bool can_log = config_check_log(config, &problem);

    printf("%s: %s\n", config->file,
           open_file || !can_log     ? "not ok"
           : config_is_there(config) ? "ok"
                                     : "not there, defaults");
    settings_print(&config->settings, stdout);
    access_print(access, stdout);
    printf("sockets: %s\n", sockets);
    print_user();
    print_redis(&config->settings);
    if (!open_file && can_log)
        return EXIT_SUCCESS;
    fflush(stdout);
    if (open_file)
        fprintf(stderr, "%s: %s: %s\n", config->file, open_file, access_open_secret);
    if (!can_log)
        fprintf(stderr, "%s: %s\n", config->file, problem.text);
    return EXIT_FAILURE;
}
