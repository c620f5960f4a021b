/* config.h - restmq.conf of a running program: read at the start, and again when it changes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>

#include "base/settings.h"
#include "base/watched.h"

/* Can these settings be used, as far as others know than base/?  False: the text says why not, and
 * begins with the name of a setting. */
typedef bool config_check(const struct settings *settings, char *text, size_t size);

struct config {
    const char *file;
    bool is_optional;    /* the file may be missing */
    config_check *check; /* NULL: none */
    struct settings settings;
    struct watched watched;
};

/* Reads the file, which is kept by reference.  False fills the problem; clear it all the same. */
bool config_open(struct config *config, const char *file, bool is_optional,
                 struct file_problem *problem);
void config_clear(struct config *config);

/* From now on settings must pass this, too; those in force first.  False fills the problem. */
bool config_must_pass(struct config *config, config_check *check, struct file_problem *problem);

/* The log goes where the settings say from now on; or, could it?  False fills the problem. */
bool config_begin_log(const struct config *config, struct file_problem *problem);
bool config_check_log(const struct config *config, struct file_problem *problem);

bool config_is_there(const struct config *config);

/* Reads the file again if it has changed, or in any case when forced; looks at most once a second
 * otherwise.  True when there are new settings: those before moved to *old, for the caller to
 * clear once nothing uses them.  A bad file is said in the log and changes nothing.  The log moves
 * with its setting; its file is opened anew when forced. */
bool config_refresh(struct config *config, bool force, struct settings *old);

#endif
