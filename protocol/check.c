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

/* Redis answers; does what is known of it suit the settings? */
static void print_suits(const struct settings *settings)
{
    struct promise promise;
    struct reason ignored = {0};
    struct call call = {0};

    promise_init(&promise);
    promise_info_call(&call, &promise);
    trial_run(settings, &call, &ignored);
    if (promise_is_too_old(&promise))
        printf("Redis: answers, but is %s: hash tags need Redis 7 or newer\n", promise.version);
    else
        printf("Redis: answers\n");
    call_clear(&call);
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
        print_suits(settings);
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
