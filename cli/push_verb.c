/* push_verb.c - the verb push: one message, or a line each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/display.h"
#include "cli/letter.h"
#include "cli/pushing.h"
#include "cli/verbs.h"

enum { READ_AT_ONCE = 1024 * 1024 };

struct push_run {
    const struct order *order;
    struct pushing pushing;
    struct result answer;
    int fd;
    struct buffer in;
    bool has_ended;
    long long lines, batches; /* that are pushed */
    struct ticker progress;
};

/* --- what comes in -------------------------------------------------------------------------- */

/* Waits for more.  False: it cannot be read, and that was told. */
static bool read_more(struct push_run *push)
{
    ssize_t count;

    buffer_reserve(&push->in, READ_AT_ONCE);
    do
        count = read(push->fd, push->in.data + push->in.len, READ_AT_ONCE);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
        order_fail("the messages could not be read: %s", strerror(errno));
        return false;
    }
    push->in.len += (size_t)count;
    push->has_ended = count == 0;
    return true;
}

static bool has_more_now(const struct push_run *push)
{
    struct pollfd poll_on = {.fd = push->fd, .events = POLLIN};

    return !push->has_ended && poll(&poll_on, 1, 0) > 0;
}

static bool open_input(struct push_run *push, const char *file)
{
    push->fd = file ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (push->fd >= 0)
        return true;
    order_fail("%s: %s", file, strerror(errno));
    return false;
}

/* --- pushes --------------------------------------------------------------------------------- */

static void print_keys(const struct push_run *push)
{
    struct json_object *object = json_of(&push->answer.body);

    if (push->order->options[ORDER_JSON])
        print_json(&push->answer.body);
    else if (json_object_is_type(object, json_type_array))
        for (size_t i = 0; i < json_object_array_length(object); i++)
            puts(json_object_get_string(json_object_array_get_idx(object, i)));
    else if (json_text(object, "key"))
        puts(json_text(object, "key"));
    fflush(stdout); /* somebody may wait for the keys before there are more lines */
    json_object_put(object);
}

static enum outcome send(struct push_run *push, const char *body, size_t len, int lines)
{
    const char *named = push->order->options[PUSH_ONCE];
    char once[LIMIT_ONCE + 32];
    enum outcome outcome;

    if (!named)
        client_make_once(once);
    else if (push->order->options[PUSH_LINES])
        snprintf(once, sizeof(once), "%s.%lld", named, push->batches + 1);
    else
        snprintf(once, sizeof(once), "%s", named);
    outcome = pushing_send(&push->pushing, body, len, lines, once, &push->answer);
    ticker_end(&push->progress);
    if (outcome == OUTCOME_DONE)
        print_keys(push);
    else if (push->lines)
        order_fail("%s; the first %lld lines are pushed", push->answer.why, push->lines);
    else if (outcome == OUTCOME_UNKNOWN)
        order_fail("%s; it is not known whether it was pushed", push->answer.why);
    else
        order_fail("%s", push->answer.why);
    push->lines += lines;
    push->batches++;
    return outcome;
}

/* All lines that are there; with a name for repeats only whole batches, as the next run must cut
 * them the same way. */
static enum outcome send_lines(struct push_run *push)
{
    bool wants_whole = push->order->options[PUSH_ONCE] && !push->has_ended;
    enum outcome outcome = OUTCOME_DONE;
    size_t from = 0, used;
    int lines;

    while (outcome == OUTCOME_DONE &&
           (lines = pushing_cut(push->in.data + from, push->in.len - from, &used)) > 0) {
        bool is_whole = lines == LIMIT_BATCH ||
                        memchr(push->in.data + from + used, '\n', push->in.len - from - used);

        if (wants_whole && !is_whole)
            break;
        outcome = send(push, push->in.data + from, used, lines);
        from += used;
        ticker_show(&push->progress, push->lines);
    }
    memmove(push->in.data, push->in.data + from, push->in.len - from);
    push->in.len -= from;
    return outcome;
}

static enum outcome push_lines(struct push_run *push)
{
    enum outcome outcome = OUTCOME_DONE;

    push->progress.what = "lines pushed";
    while (outcome == OUTCOME_DONE && !push->has_ended) {
        do
            if (!read_more(push))
                return OUTCOME_FAILED;
        while (push->in.len < READ_AT_ONCE && has_more_now(push));
        if (push->has_ended && push->in.len && push->in.data[push->in.len - 1] != '\n')
            buffer_add(&push->in, "\n", 1);
        if (push->in.len > CLIENT_BODY && !memchr(push->in.data, '\n', push->in.len))
            return order_fail("line %lld is too long", push->lines + 1);
        outcome = send_lines(push);
    }
    ticker_end(&push->progress);
    return outcome;
}

static enum outcome push_one(struct push_run *push)
{
    while (!push->has_ended) {
        if (!read_more(push))
            return OUTCOME_FAILED;
        if (push->in.len > CLIENT_BODY)
            return order_fail("the message is too long");
    }
    return send(push, push->in.data, push->in.len, 0);
}

static enum outcome run(struct push_run *push)
{
    const struct order *order = push->order;
    const char *file = order->options[PUSH_FILE];
    enum outcome outcome;

    if (order->count == 2)
        return send(push, order->words[1], strlen(order->words[1]), 0);
    if (!open_input(push, file))
        return OUTCOME_FAILED;
    outcome = order->options[PUSH_LINES] ? push_lines(push) : push_one(push);
    if (file)
        close(push->fd);
    return outcome;
}

enum outcome push_verb(const struct order *order)
{
    const char *once = order->options[PUSH_ONCE];
    struct push_run push = {.order = order};
    enum outcome outcome;

    if (order->count == 2 && (order->options[PUSH_FILE] || order->options[PUSH_LINES]))
        return order_refuse(order, "a message in the command line goes with neither --file nor "
                                   "--lines");
    if (once && (!*once || strlen(once) > LIMIT_ONCE - (order->options[PUSH_LINES] ? 20 : 0)))
        return order_refuse(order, "--once is 1 to %d bytes, with --lines %d", LIMIT_ONCE,
                            LIMIT_ONCE - 20);
    push.pushing = (struct pushing){
        .client = client_open(order, &outcome),
        .queue = order->words[0],
        .ttl = order->options[PUSH_TTL],
        .delay = order->options[PUSH_DELAY],
    };
    if (!push.pushing.client)
        return outcome;
    outcome = run(&push);
    result_clear(&push.answer);
    buffer_clear(&push.in);
    client_close(push.pushing.client);
    return outcome;
}
