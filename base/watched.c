/* watched.c - has a file changed?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/watched.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/ini.h"

static struct stat look(const char *file)
{
    struct stat now;

    if (stat(file, &now) != 0)
        memset(&now, 0, sizeof(now));
    return now;
}

static bool is_same_time(const struct timespec *left, const struct timespec *right)
{
    return left->tv_sec == right->tv_sec && left->tv_nsec == right->tv_nsec;
}

bool watched_is_same(const struct stat *left, const struct stat *right)
{
    return is_same_time(&left->st_mtim, &right->st_mtim) &&
           is_same_time(&left->st_ctim, &right->st_ctim) && left->st_size == right->st_size &&
           left->st_ino == right->st_ino && left->st_dev == right->st_dev &&
           left->st_uid == right->st_uid && left->st_gid == right->st_gid &&
           left->st_mode == right->st_mode;
}

static void reserve(struct watched *watched)
{
    int fd;

    if (watched->reserve)
        return;
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    watched->reserve = fd > 0 ? fd : 0;
}

void watched_begin(struct watched *watched, const char *file)
{
    *watched = (struct watched){.seen = look(file), .looked = time(NULL)};
    reserve(watched);
}

void watched_end(struct watched *watched)
{
    if (watched->reserve)
        close(watched->reserve);
    watched->reserve = 0;
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
    reserve(watched);
    return force || watched->is_unread || !watched_is_same(&watched->seen, &before);
}

void watched_read(struct watched *watched)
{
    watched_end(watched);
}

/* FNV-1a; never 0. */
static unsigned sum_of(const char *text)
{
    unsigned sum = 2166136261;

    for (; *text; text++)
        sum = (sum ^ (unsigned char)*text) * 16777619;
    return sum | 1;
}

bool watched_was_read(struct watched *watched, const struct file_problem *problem)
{
    unsigned sum = problem ? sum_of(problem->text) : 0;
    bool was_unread = watched->is_unread, is_new;

    reserve(watched);
    watched->is_unread = problem && problem->is_unread;
    /* What was tried again for no other reason is said once; a changed file that is bad again,
     * anew. */
    is_new = problem && !(was_unread && watched->is_unread && sum == watched->said);
    watched->said = sum;
    return is_new;
}
