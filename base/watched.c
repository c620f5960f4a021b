/* watched.c - has a file changed?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/watched.h"

#include <string.h>

static struct stat look(const char *file)
{
    struct stat now;

    if (stat(file, &now) != 0)
        memset(&now, 0, sizeof(now));
    return now;
}

bool watched_is_same(const struct stat *left, const struct stat *right)
{
    return left->st_mtim.tv_sec == right->st_mtim.tv_sec &&
           left->st_mtim.tv_nsec == right->st_mtim.tv_nsec && left->st_size == right->st_size &&
           left->st_ino == right->st_ino;
}

void watched_begin(struct watched *watched, const char *file)
{
    watched->seen = look(file);
    watched->looked = time(NULL);
}

bool watched_is_there(const struct watched *watched)
{
    return watched->seen.st_ino != 0;
}

bool watched_has_changed(struct watched *watched, const char *file, bool force)
{
    time_t now = time(NULL);
    struct stat before = watched->seen;

    if (!force && now == watched->looked)
        return false;
    watched->looked = now;
    watched->seen = look(file);
    return force || !watched_is_same(&watched->seen, &before);
}
