/* config.c - restmq.conf of a running program.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/config.h"

#include <string.h>

#include "base/log.h"

/* What the file looks like now; zeroed when there is none. */
static struct stat look(const struct config *config)
{
    struct stat now;

    if (stat(config->file, &now) != 0)
        memset(&now, 0, sizeof(now));
    return now;
}

static bool is_same(const struct stat *left, const struct stat *right)
{
    return left->st_mtim.tv_sec == right->st_mtim.tv_sec &&
           left->st_mtim.tv_nsec == right->st_mtim.tv_nsec && left->st_size == right->st_size &&
           left->st_ino == right->st_ino;
}

static bool is_there(const struct config *config)
{
    return config->seen.st_ino != 0;
}

static bool load(const struct config *config, struct settings *settings,
                 struct settings_problem *problem)
{
    settings_init(settings);
    return settings_load(settings, config->file, problem);
}

bool config_open(struct config *config, const char *file, bool is_optional,
                 struct settings_problem *problem)
{
    *config = (struct config){.file = file, .is_optional = is_optional};
    config->seen = look(config);
    config->looked = time(NULL);
    if (!is_optional || is_there(config))
        return load(config, &config->settings, problem);
    settings_init(&config->settings);
    return true;
}

void config_clear(struct config *config)
{
    settings_clear(&config->settings);
}

bool config_refresh(struct config *config, bool force, struct settings *old)
{
    bool was_there = is_there(config);
    struct settings_problem problem;
    struct settings fresh;
    time_t now = time(NULL);
    struct stat seen;

    if (!force && now == config->looked)
        return false;
    config->looked = now;
    seen = look(config);
    if (!force && is_same(&seen, &config->seen))
        return false;
    config->seen = seen; /* a bad file is said once, not every second */
    if (config->is_optional && !was_there && !is_there(config))
        return false;
    if (!load(config, &fresh, &problem)) {
        log_error("%s; the settings before stay", problem.text);
        settings_clear(&fresh);
        return false;
    }
    *old = config->settings;
    config->settings = fresh;
    log_info("%s: read again", config->file);
    return true;
}
