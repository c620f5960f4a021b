/* check.c - what --check-config prints.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/check.h"

#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/in_force.h"
#include "base/json.h"
#include "base/log.h"
#include "broker/promise.h"
#include "redis/trial.h"

/* What of the files is not as it should be; empty: nothing. */
struct complaints {
    struct file_problem secret, log;
};

static bool look_for_complaints(const struct config *config, struct complaints *complaints)
{
    const char *open_file = settings_open_secret(&config->settings);

    *complaints = (struct complaints){0};
    if (open_file)
        snprintf(complaints->secret.text, sizeof(complaints->secret.text), "%s: %s", open_file,
                 access_open_secret);
    if (config_check_log(config, &complaints->log))
        *complaints->log.text = '\0';
    return *complaints->secret.text || *complaints->log.text;
}

static const char *word_of(const struct config *config, bool has_complaints)
{
    return has_complaints ? "not ok" : config_is_there(config) ? "ok" : "not there, defaults";
}

enum { USER_TEXT = 256, REDIS_TEXT = 700 };

static void name_user(char text[USER_TEXT])
{
    const struct passwd *user = getpwuid(geteuid());

    if (user)
        snprintf(text, USER_TEXT, "%s", user->pw_name);
    else
        snprintf(text, USER_TEXT, "%d", (int)geteuid());
}

/* Redis answers; does what is known of it suit the settings? */
static void say_suits(const struct settings *settings, char text[REDIS_TEXT])
{
    struct promise promise;
    struct reason ignored = {0};
    struct call call = {0};

    promise_init(&promise);
    promise_info_call(&call, &promise);
    trial_run(settings, &call, &ignored);
    if (promise_is_too_old(&promise))
        snprintf(text, REDIS_TEXT, "answers, but is %s: hash tags need Redis 7 or newer",
                 promise.version);
    else
        snprintf(text, REDIS_TEXT, "answers");
    call_clear(&call);
}

/* What Redis is accused of in the log stands there, too. */
static void say_redis(const struct settings *settings, char text[REDIS_TEXT])
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
        say_suits(settings, text);
    else
        snprintf(text, REDIS_TEXT, "does not answer: %s", *cause ? cause : reason.text);
    call_clear(&call);
}

int check_config(const struct config *config, const struct access *access, const char *sockets)
{
    struct complaints complaints;
    bool is_bad = look_for_complaints(config, &complaints);
    char user[USER_TEXT], redis[REDIS_TEXT];

    name_user(user);
    printf("%s: %s\n", config->file, word_of(config, is_bad));
    settings_print(&config->settings, stdout);
    access_print(access, stdout);
    say_redis(&config->settings, redis);
    printf("sockets: %s\nuser: %s\nRedis: %s\n", sockets, user, redis);
    if (!is_bad)
        return EXIT_SUCCESS;
    fflush(stdout);
    if (*complaints.secret.text)
        fprintf(stderr, "%s: %s\n", config->file, complaints.secret.text);
    if (*complaints.log.text)
        fprintf(stderr, "%s: %s\n", config->file, complaints.log.text);
    return EXIT_FAILURE;
}

/* --- as JSON --------------------------------------------------------------------------------- */

/* Its lines. */
static struct json_object *access_to_json(const struct access *access)
{
    struct json_object *lines = json_object_new_array();
    char *text = NULL;
    size_t size = 0, len;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort(); /* out of memory */
    access_print(access, out);
    fclose(out);
    for (const char *line = text; *line; line += len + (line[len] == '\n')) {
        len = strcspn(line, "\n");
        json_object_array_add(lines, json_object_new_string_len(line, (int)len));
    }
    free(text);
    return lines;
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

int check_config_json(const struct config *config, const struct access *access)
{
    struct json_object *object = json_object_new_object(), *problems = json_object_new_array();
    struct complaints complaints;
    bool is_bad = look_for_complaints(config, &complaints);
    char user[USER_TEXT], redis[REDIS_TEXT];
    struct buffer line = {0};

    name_user(user);
    say_redis(&config->settings, redis);
    add_text(object, "file", config->file);
    add_text(object, "state", word_of(config, is_bad));
    if (*complaints.secret.text)
        json_object_array_add(problems, json_object_new_string(complaints.secret.text));
    if (*complaints.log.text)
        json_object_array_add(problems, json_object_new_string(complaints.log.text));
    json_object_object_add(object, "problems", problems);
    json_object_object_add(object, "settings", settings_to_json(&config->settings));
    json_object_object_add(object, "access", access_to_json(access));
    add_text(object, "user", user);
    add_text(object, "redis", redis);
    json_render(object, &line);
    puts(line.data);
    buffer_clear(&line);
    return is_bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
