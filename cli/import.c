/* import.c - the verb import: the lines of a file become messages, each of them once.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "cli/display.h"
#include "cli/import_journal.h"
#include "cli/letter.h"
#include "cli/pushing.h"
#include "cli/seen.h"
#include "cli/stop.h"
#include "cli/verbs.h"

enum {
    WINDOW_SECONDS = 300, /* idempotency_seconds of restmq.conf, when it is not set */
    MARGIN_SECONDS = 60,  /* what one attempt may take, and then some */
};

struct import_run {
    const struct order *order;
    struct pushing pushing;
    struct result answer;
    struct import_journal journal;
    const char *name;
    FILE *file;
    long long window;        /* seconds */
    struct buffer raw, body; /* the lines of the batch in hand; what is sent for them */
    bool is_single;          /* one message, which has line feeds */
    long long count;         /* messages of this run */
    struct ticker ticker;
};

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- batches -------------------------------------------------------------------------------- */

/* Adds the message of a line.  False: the line is none, or does not go into this batch. */
static bool add_line(struct import_run *run, const char *line, size_t len, bool is_first,
                     bool *is_bad)
{
    struct buffer text = {.data = (char *)line, .len = len};
    struct json_object *object = json_of(&text);
    struct letter letter = {0};
    bool is_read = letter_read(&letter, object), fits;
    bool has_feed = is_read && memchr(letter.value, '\n', letter.len);

    *is_bad = !is_read;
    fits = is_read && (is_first || (!has_feed && !run->is_single &&
                                    run->body.len + letter.len <= LIMIT_BATCH_BYTES));
    if (fits) {
        run->is_single = has_feed;
        buffer_add(&run->raw, line, len);
        buffer_add(&run->body, letter.value, letter.len);
        if (!has_feed)
            buffer_add(&run->body, "\n", 1);
    }
    letter_clear(&letter);
    json_object_put(object);
    return fits;
}

/* Reads what begins at the batch's offset, so many lines at most.  False: a line is no message, and
 * that was told. */
static bool read_batch(struct import_run *run, struct import_batch *batch, long long most)
{
    bool is_bad = false;
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    run->is_single = false;
    buffer_reset(&run->raw);
    buffer_reset(&run->body);
    batch->lines = 0;
    fseeko(run->file, (off_t)batch->offset, SEEK_SET);
    while (batch->lines < most && (len = getline(&line, &size, run->file)) > 0 &&
           add_line(run, line, (size_t)len, batch->lines == 0, &is_bad))
        batch->lines++;
    free(line);
    if (ferror(run->file)) {
        order_fail("%s: %s", run->name, strerror(errno));
        return false;
    }
    batch->len = (long long)run->raw.len;
    seen_mark(run->raw.data ? run->raw.data : "", run->raw.len, batch->mark);
    if (batch->lines || !is_bad)
        return true;
    order_fail("%s: line %lld is no JSON object with \"value\"; mend it, and run it again",
               run->name, batch->line);
    return false;
}

/* --- sending -------------------------------------------------------------------------------- */

static enum outcome send(struct import_run *run)
{
    const struct import_batch *batch = &run->journal.last;
    char once[LIMIT_ONCE];
    enum outcome outcome;

    snprintf(once, sizeof(once), "%s.%lld", run->journal.id, batch->number);
    outcome = pushing_send(&run->pushing, run->body.data, run->body.len,
                           run->is_single ? 0 : (int)batch->lines, once, &run->answer);
    ticker_end(&run->ticker);
    if (outcome != OUTCOME_DONE) {
        order_fail("lines %lld to %lld: %s; run it again", batch->line,
                   batch->line + batch->lines - 1, run->answer.why);
        return outcome;
    }
    run->count += batch->lines;
    return import_journal_done(&run->journal) ? OUTCOME_DONE : OUTCOME_FAILED;
}

static struct import_batch next_of(const struct import_batch *last)
{
    return (struct import_batch){
        .number = last->number + 1,
        .offset = last->offset + last->len,
        .line = last->number ? last->line + last->lines : 1,
    };
}

static enum outcome ask_to_look(const struct import_run *run)
{
    const struct import_batch *last = &run->journal.last;
    char begun[DISPLAY_TIME];

    print_time(last->begun_ms, begun);
    order_fail("%s: lines %lld to %lld were sent at %s, and no answer came; it is too late to ask "
               "again. Look whether %s has them, then say --assume pushed or --assume lost",
               run->name, last->line, last->line + last->lines - 1, begun, run->pushing.queue);
    return OUTCOME_UNKNOWN;
}

/* The batch that may have been pushed or not: within the time for which the broker knows its key it
 * is sent again.  The file must still have it. */
static enum outcome resume(struct import_run *run)
{
    struct import_batch *last = &run->journal.last, again = *last;
    const char *assume = run->order->options[IMPORT_ASSUME];

    if (!last->number)
        return OUTCOME_DONE;
    if (!read_batch(run, &again, last->lines))
        return OUTCOME_FAILED;
    if (memcmp(again.mark, last->mark, sizeof(again.mark)) != 0 || again.len != last->len)
        return order_fail("%s is not the file that %s is about", run->name, run->journal.name);
    if (last->is_done)
        return OUTCOME_DONE;
    if (assume && strcmp(assume, "pushed") == 0)
        return import_journal_done(&run->journal) ? OUTCOME_DONE : OUTCOME_FAILED;
    if (assume) {
        again.number++;
        again.begun_ms = now_ms();
        return import_journal_begin(&run->journal, &again) ? send(run) : OUTCOME_FAILED;
    }
    if (now_ms() > last->begun_ms + 1000 * (run->window - MARGIN_SECONDS))
        return ask_to_look(run);
    return send(run);
}

static enum outcome run_import(struct import_run *run)
{
    enum outcome outcome = resume(run);

    while (outcome == OUTCOME_DONE && !stop_asked) {
        struct import_batch batch = next_of(&run->journal.last);

        if (!read_batch(run, &batch, LIMIT_BATCH))
            return OUTCOME_FAILED;
        if (!batch.lines)
            return OUTCOME_DONE;
        batch.begun_ms = now_ms();
        if (!import_journal_begin(&run->journal, &batch))
            return OUTCOME_FAILED;
        outcome = send(run);
        ticker_show(&run->ticker, batch.offset + batch.len);
    }
    return outcome == OUTCOME_DONE ? (enum outcome)stop_status() : outcome;
}

static enum outcome open_and_run(struct import_run *run)
{
    enum outcome outcome = OUTCOME_FAILED;
    struct stat facts;

    run->file = fopen(run->name, "r");
    if (!run->file || fstat(fileno(run->file), &facts) != 0)
        return order_fail("%s: %s", run->name, strerror(errno));
    run->ticker = (struct ticker){.what = "bytes imported", .total = facts.st_size};
    if (import_journal_open(&run->journal, run->name, run->pushing.queue)) {
        stop_watch();
        client_stop_on(run->pushing.client, &stop_urged);
        outcome = run_import(run);
        ticker_end(&run->ticker);
        printf(run->order->options[ORDER_JSON] ? "{\"imported\":%lld}\n"
                                               : "%lld messages imported\n",
               run->count);
    }
    return outcome;
}

enum outcome import_verb(const struct order *order)
{
    const char *assume = order->options[IMPORT_ASSUME];
    struct import_run run = {
        .order = order,
        .name = order->words[1],
        .journal = {.fd = -1},
        .window = WINDOW_SECONDS,
    };
    enum outcome outcome;

    if (!order_number(order, IMPORT_WINDOW, MARGIN_SECONDS, LIMIT_TTL, &run.window))
        return OUTCOME_MISUSED;
    if (assume && strcmp(assume, "pushed") != 0 && strcmp(assume, "lost") != 0)
        return order_refuse(order, "--assume is pushed or lost");
    run.pushing = (struct pushing){
        .client = client_open(order, &outcome),
        .queue = order->words[0],
    };
    if (!run.pushing.client)
        return outcome;
    outcome = open_and_run(&run);
    import_journal_close(&run.journal);
    if (run.file)
        fclose(run.file);
    buffer_clear(&run.raw);
    buffer_clear(&run.body);
    result_clear(&run.answer);
    client_close(run.pushing.client);
    return outcome;
}
