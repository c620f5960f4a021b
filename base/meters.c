/* meters.c - counters with names, which processes share by a mapped file.
 *
 * The file is a head and METERS slots.  A slot is free, taken while its name is being written, or
 * named for ever.  Two processes that name a slot at once may give one name to two of them: who
 * reads adds these up.  A slot whose process died while it wrote stays taken, and is of no use.
 *
 * The file is locked while somebody opens it.  It has all of its blocks before it is mapped: a disk
 * that is full later does no harm.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/meters.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

enum {
    FORMAT = 1, /* one more whenever the structs below change */
    LOCK_TRIES = 100,
    LOCK_PAUSE_MS = 10,
};

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_NAMED };

struct meter {
    _Atomic uint64_t number;
    _Atomic uint32_t state;
    uint32_t unused[3];
    char name[METER_NAME];
};

_Static_assert(sizeof(struct meter) == 128, "two lines of a cache: no two processes share one");

struct meters_head {
    char magic[16];
    uint32_t format;
    uint32_t unused[27];
};

struct page_of_meters {
    struct meters_head head;
    struct meter slots[METERS];
};

struct meters {
    struct page_of_meters *page;
    bool is_shared;
    struct meter lost; /* where there is no room */
};

static const struct meters_head good_head = {.magic = "restmq meters\n", .format = FORMAT};

/* --- names --------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    const char *end = memchr(name, '\0', METER_NAME);

    for (const char *at = name; at && at < end; at++)
        if (*at < 0x20 || *at > 0x7e)
            return false;
    return end && end > name;
}

/* False: another process was faster. */
static bool take_slot(struct meter *slot, const char *name)
{
    uint32_t expected = SLOT_FREE;

    if (!atomic_compare_exchange_strong(&slot->state, &expected, SLOT_TAKEN))
        return false;
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    atomic_store(&slot->state, SLOT_NAMED);
    return true;
}

struct meter *meters_find(struct meters *meters, const char *name)
{
    if (strlen(name) >= METER_NAME)
        return &meters->lost;
    for (int i = 0; i < METERS; i++) {
        struct meter *slot = &meters->page->slots[i];
        uint32_t state = atomic_load(&slot->state);

        if (state == SLOT_NAMED && strncmp(slot->name, name, METER_NAME) == 0)
            return slot;
        if (state == SLOT_FREE && take_slot(slot, name))
            return slot;
    }
    return &meters->lost;
}

unsigned long long meter_number(const struct meter *meter)
{
    return atomic_load_explicit(&meter->number, memory_order_relaxed);
}

void meter_add(struct meter *meter, unsigned long long number)
{
    if (meter)
        atomic_fetch_add_explicit(&meter->number, number, memory_order_relaxed);
}

bool meters_are_shared(const struct meters *meters)
{
    return meters->is_shared;
}

/* --- reading ------------------------------------------------------------------------------- */

static size_t add_up_equal(struct reading_of_meter *all, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept && strcmp(all[i].name, all[kept - 1].name) == 0)
            all[kept - 1].number += all[i].number;
        else
            all[kept++] = all[i];
    }
    return kept;
}

static int compare(const void *left, const void *right)
{
    const struct reading_of_meter *one = left, *other = right;

    return strcmp(one->name, other->name);
}

size_t meters_read(const struct meters *meters, struct reading_of_meter **readings)
{
    struct reading_of_meter *all = xmalloc(METERS * sizeof(*all));
    size_t count = 0;

    for (int i = 0; i < METERS; i++) {
        const struct meter *slot = &meters->page->slots[i];

        if (atomic_load(&slot->state) != SLOT_NAMED)
            continue;
        memcpy(all[count].name, slot->name, METER_NAME);
        all[count].number = atomic_load(&slot->number);
        count += is_name(all[count].name);
    }
    qsort(all, count, sizeof(*all), compare);
    *readings = all;
    return add_up_equal(all, count);
}

/* --- what is in the file ------------------------------------------------------------------- */

enum content { CONTENT_NONE, CONTENT_GOOD, CONTENT_NEWER, CONTENT_BAD };

static bool are_slots_good(const struct page_of_meters *page)
{
    for (int i = 0; i < METERS; i++) {
        uint32_t state = atomic_load(&page->slots[i].state);

        if (state > SLOT_NAMED || (state == SLOT_NAMED && !is_name(page->slots[i].name)))
            return false;
    }
    return true;
}

static enum content look_at(int fd, off_t size)
{
    struct meters_head head = {0};
    struct page_of_meters *page;
    bool is_good;

    if (size == 0)
        return CONTENT_NONE;
    if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
        return CONTENT_BAD;
    if (memcmp(head.magic, good_head.magic, sizeof(head.magic)) == 0 && head.format > FORMAT)
        return CONTENT_NEWER;
    if (size != (off_t)sizeof(*page))
        return CONTENT_BAD;
    page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return CONTENT_BAD;
    is_good = memcmp(&page->head, &good_head, sizeof(head)) == 0 && are_slots_good(page);
    munmap(page, sizeof(*page));
    return is_good ? CONTENT_GOOD : CONTENT_BAD;
}

/* Makes an empty file one without counters; its head, without which it is a bad one, comes last.
 * Beyond a limit of the process (RLIMIT_FSIZE) there is a signal, which would end the program. */
static int fill(int fd)
{
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    int error = posix_fallocate(fd, 0, sizeof(struct page_of_meters));

    if (before != SIG_ERR)
        signal(SIGXFSZ, before);
    if (!error && pwrite(fd, &good_head, sizeof(good_head), 0) != (ssize_t)sizeof(good_head))
        error = errno;
    if (error && ftruncate(fd, 0) != 0)
        log_error("metrics_file: %s", strerror(errno));
    return error;
}

/* --- opening ------------------------------------------------------------------------------- */

/* NULL, or why the file must not be used. */
static const char *refusal_of(const struct stat *file)
{
    if (!S_ISREG(file->st_mode))
        return "not a regular file";
    return file->st_uid == geteuid() ? NULL : "the file of another user";
}

static bool lock(int fd)
{
    struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};

    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static int open_or_make(const char *name, int more)
{
    return open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | more, 0600);
}

/* The file, locked; -1: *why not.  *is_old: it has been replaced meanwhile. */
static int open_locked(const char *name, struct stat *file, bool *is_old, const char **why)
{
    int fd = open_or_make(name, 0);
    struct stat there;

    *is_old = false;
    if (fd < 0 || fstat(fd, file) != 0)
        *why = strerror(errno);
    else
        *why = refusal_of(file);
    if (!*why && !lock(fd))
        *why = "another process keeps it locked";
    if (!*why)
        *is_old = stat(name, &there) != 0 || there.st_ino != file->st_ino ||
                  there.st_dev != file->st_dev || fstat(fd, file) != 0;
    if (fd < 0 || (!*why && !*is_old))
        return fd;
    close(fd);
    return -1;
}

/* Puts a new file in the place of one that is of no use; who has that mapped keeps it.  A file of
 * the second name was left by a process that died here. */
static int replace(const char *name, const char **why)
{
    size_t size = strlen(name) + sizeof(".new");
    char *fresh = xmalloc(size);
    struct stat file;
    int fd, error;

    snprintf(fresh, size, "%s.new", name);
    fd = open_or_make(fresh, 0);
    *why = fd < 0 || fstat(fd, &file) != 0 ? strerror(errno) : refusal_of(&file);
    if (!*why) {
        error = ftruncate(fd, 0) == 0 ? fill(fd) : errno;
        if (!error && rename(fresh, name) != 0)
            error = errno;
        *why = error ? strerror(error) : NULL;
        if (error)
            unlink(fresh);
    }
    free(fresh);
    if (*why && fd >= 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static struct page_of_meters *map(int fd, const char **why)
{
    struct page_of_meters *page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (page != MAP_FAILED)
        return page;
    *why = strerror(errno);
    return NULL;
}

/* What the locked file is good for. */
static struct page_of_meters *use(int fd, const char *name, off_t size, const char **why)
{
    struct page_of_meters *page;
    int fresh, error;

    switch (look_at(fd, size)) {
    case CONTENT_GOOD:
        return map(fd, why);
    case CONTENT_NEWER:
        *why = "of a newer version of the program";
        return NULL;
    case CONTENT_NONE:
        error = fill(fd);
        if (!error)
            return map(fd, why);
        *why = strerror(error);
        return NULL;
    case CONTENT_BAD:
        break;
    }
    fresh = replace(name, why);
    if (fresh < 0)
        return NULL;
    log_info("metrics_file %s: it was damaged or of an older version, and begins anew", name);
    page = map(fresh, why);
    close(fresh);
    return page;
}

/* NULL: *why. */
static struct page_of_meters *share(const char *name, const char **why)
{
    struct page_of_meters *page = NULL;
    bool is_old = true;
    struct stat file;
    int fd = -1;

    for (int i = 0; is_old && i < LOCK_TRIES; i++) {
        *why = NULL;
        fd = open_locked(name, &file, &is_old, why);
    }
    if (fd >= 0) {
        page = use(fd, name, file.st_size, why);
        flock(fd, LOCK_UN); /* which the mapping would keep */
        close(fd);
    } else if (!*why) {
        *why = "it is replaced again and again";
    }
    return page;
}

struct meters *meters_open(const char *file)
{
    struct meters *meters = xmalloc(sizeof(*meters));
    const char *why = NULL;

    memset(meters, 0, sizeof(*meters));
    if (*file)
        meters->page = share(file, &why);
    meters->is_shared = meters->page;
    if (why)
        log_error("metrics_file %s: %s; each process counts for itself", file, why);
    if (!meters->page) {
        meters->page = mmap(NULL, sizeof(*meters->page), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (meters->page == MAP_FAILED)
            abort(); /* out of memory */
    }
    return meters;
}

void meters_close(struct meters *meters)
{
    if (!meters)
        return;
    munmap(meters->page, sizeof(*meters->page));
    free(meters);
}
