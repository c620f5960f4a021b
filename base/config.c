/* config.c - restmq.conf of a running program.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* The file is named before what a check has to say. */
static bool pass(const struct config *config, const struct settings *settings,
                 struct file_problem *problem)
{
    char text[256];

    *problem = (struct file_problem){0};
    if (!config->check || config->check(settings, text, sizeof(text)))
        return true;
    problem->is_unread =
        true; /* the files that it names may be mended, and this one stay as it is */
    snprintf(problem->text, sizeof(problem->text), "%s: %s", config->file, text);
    return false;
}

static bool load(const struct config *config, struct settings *settings,
                 struct file_problem *problem)
{
    settings_init(settings);
    return settings_load(settings, config->file, problem) && pass(config, settings, problem);
}

bool config_open(struct config *config, const char *file, bool is_optional,
                 struct file_problem *problem)
{
    *config = (struct config){.file = file, .is_optional = is_optional};
    watched_begin(&config->watched, file);
    if (!is_optional || config_is_there(config))
        return load(config, &config->settings, problem);
    settings_init(&config->settings);
    return true;
}

static bool fill(struct file_problem *problem, const char *log)
{
    *problem = (struct file_problem){0};
    snprintf(problem->text, sizeof(problem->text), "log = %s: %s", log, strerror(errno));
    return false;
}

bool config_must_pass(struct config *config, config_check *check, struct file_problem *problem)
{
    config->check = check;
    return pass(config, &config->settings, problem);
}

bool config_begin_log(const struct config *config, struct file_problem *problem)
{
    return log_to(config->settings.log) || fill(problem, config->settings.log);
}

bool config_check_log(const struct config *config, struct file_problem *problem)
{
    return log_can(config->settings.log) || fill(problem, config->settings.log);
}

bool config_is_there(const struct config *config)
{
    return watched_is_there(&config->watched);
}

void config_clear(struct config *config)
{
    watched_end(&config->watched);
    settings_clear(&config->settings);
}

/* As load(), but the fresh settings must be some that a running program can change to. */
static bool load_again(const struct config *config, struct settings *fresh,
                       struct file_problem *problem)
{
    char text[256];

    if (!load(config, fresh, problem))
        return false;
    if (settings_can_follow(fresh, &config->settings, text, sizeof(text)))
        return true;
    *problem = (struct file_problem){0};
    snprintf(problem->text, sizeof(problem->text), "%s: %s", config->file, text);
    return false;
}

static bool read_again(struct config *config, bool force, struct settings *old)
{
    bool was_there = config_is_there(config), is_loaded;
    struct file_problem problem;
    struct settings fresh;

    /* A bad file is said once, not every second. */
    if (!watched_has_changed(&config->watched, config->file, force) ||
        (config->is_optional && !was_there && !config_is_there(config)))
        return false;
    watched_read(&config->watched);
    is_loaded = load_again(config, &fresh, &problem);
    if (watched_was_read(&config->watched, is_loaded ? NULL : &problem))
        log_error("%s; the settings before stay", problem.text);
    if (!is_loaded) {
        settings_clear(&fresh);
        return false;
    }
    *old = config->settings;
    config->settings = fresh;
    if (strcmp(fresh.log, old->log) != 0)
        log_move(fresh.log);
    log_info("%s: read again", config->file);
    return true;
}

bool config_refresh(struct config *config, bool force, struct settings *old)
{
    if (force)
        log_move(config->settings.log); /* the file may have been moved away */
    return read_again(config, force, old);
}
