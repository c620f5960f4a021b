/* copy.c - export --copy: the messages of a held queue, as they stand there, into a file.
 *
 * Nothing is taken.  The pages of a queue that changes meanwhile may miss a message, so its numbers
 * are asked before and behind them, and where these differ it is looked through again.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/copy.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/display.h"
#include "cli/letter.h"
#include "cli/message_file.h"
#include "cli/question.h"
#include "cli/stop.h"

enum { PAGE = 100, CURSOR = 24, MOST_WALKS = 5 };

/* What changes when a message leaves its place. */
static const char *const moves[] = {"leased", "delayed", "removed", "returned"};
enum { MOVES = sizeof(moves) / sizeof(moves[0]) };

struct numbers {
    long long moves[MOVES];
    long long total;
    bool is_held;
};

struct copy_run {
    struct question *question;
    struct message_file *file;
    struct result body; /* of a long message */
    long long walked;   /* messages of this walk */
    struct ticker ticker;
};

/* --- numbers -------------------------------------------------------------------------------- */

static bool has_takes(struct json_object *held)
{
    for (size_t i = 0; held && i < json_object_array_length(held); i++) {
        const char *what = json_object_get_string(json_object_array_get_idx(held, i));

        if (what && strcmp(what, "takes") == 0)
            return true;
    }
    return false;
}

static enum outcome ask_numbers(struct copy_run *run, struct numbers *numbers)
{
    struct question *question = run->question;
    struct json_object *facts, *held;
    enum outcome outcome;

    path_begin(&question->target, "stats", question->order->words[0]);
    outcome = question_send(question, "GET", REPEAT_SAFE);
    if (outcome != OUTCOME_DONE)
        return outcome;
    facts = json_of(&question->answer.body);
    held = json_member(facts, "held");
    for (size_t i = 0; i < MOVES; i++)
        numbers->moves[i] = json_number(facts, moves[i]);
    numbers->total =
        json_number(facts, "len") + json_number(facts, "leased") + json_number(facts, "delayed");
    numbers->is_held = json_object_is_type(held, json_type_array) && has_takes(held);
    json_object_put(facts);
    if (!numbers->is_held)
        return order_fail(
            "takes of %s are not held: restmq pause %s --what takes, and run it again",
            question->order->words[0], question->order->words[0]);
    return OUTCOME_DONE;
}

/* --- messages ------------------------------------------------------------------------------- */

/* The line that an export without --copy would write. */
static void add_line(struct message_file *file, const char *key, const char *data, size_t len)
{
    struct json_object *object = json_object_new_object();
    bool is_text = utf8_is_valid(data, len);
    struct buffer text = {0};

    if (is_text)
        buffer_add(&text, data, len);
    else
        base64_add(&text, data, len);
    json_object_object_add(object, "key", json_object_new_string(key));
    json_object_object_add(object, "value",
                           json_object_new_string_len(text.len ? text.data : "", (int)text.len));
    if (!is_text)
        json_object_object_add(object, "encoding", json_object_new_string("base64"));
    message_file_add(file, object);
    json_object_put(object);
    buffer_clear(&text);
}

/* One that is longer than what a page shows of it; it may be gone meanwhile. */
static enum outcome add_long(struct copy_run *run, const char *key, long long size)
{
    struct question *question = run->question;
    struct ask ask = {.method = "GET", .accept = "application/octet-stream", .repeat = REPEAT_SAFE};
    enum outcome outcome;

    path_begin(&question->target, "j", question->order->words[0]);
    path_add(&question->target, "key", key);
    path_add(&question->target, "raw", "1");
    ask.target = question->target.text.data;
    outcome = client_ask(question->client, &ask, &run->body);
    if (outcome == OUTCOME_DONE && (long long)run->body.body.len != size)
        return order_fail("%s: this is no broker: its answer is another message", key);
    if (outcome == OUTCOME_DONE)
        add_line(run->file, key, run->body.body.len ? run->body.body.data : "", run->body.body.len);
    else if (outcome != OUTCOME_NOTHING)
        order_fail("%s: %s", key, run->body.why);
    return outcome == OUTCOME_NOTHING ? OUTCOME_DONE : outcome;
}

static enum outcome add_message(struct copy_run *run, struct json_object *message)
{
    struct letter letter;
    enum outcome outcome = OUTCOME_DONE;

    if (!letter_read(&letter, message) || !letter.key)
        outcome = order_fail("the broker shows no messages of this queue: it takes the right read");
    else if (json_object_get_boolean(json_member(message, "cut")))
        outcome = add_long(run, letter.key, json_number(message, "size"));
    else
        add_line(run->file, letter.key, letter.value, letter.len);
    letter_clear(&letter);
    run->walked++;
    return outcome;
}

static enum outcome add_page(struct copy_run *run, struct json_object *answer)
{
    struct json_object *list = json_member(answer, "messages");
    enum outcome outcome = OUTCOME_DONE;

    if (!json_object_is_type(list, json_type_array))
        return order_fail("this is no broker: its answer is no list of messages");
    for (size_t i = 0; outcome == OUTCOME_DONE && i < json_object_array_length(list); i++)
        outcome = add_message(run, json_object_array_get_idx(list, i));
    if (outcome == OUTCOME_DONE && !message_file_write(run->file))
        outcome = order_fail("%s: %s", run->file->name, strerror(errno));
    return outcome;
}

/* --- all of them ---------------------------------------------------------------------------- */

static enum outcome walk(struct copy_run *run)
{
    struct question *question = run->question;
    enum outcome outcome = OUTCOME_DONE;
    char cursor[CURSOR] = "0";

    run->walked = 0;
    while (outcome == OUTCOME_DONE && *cursor && !stop_asked) {
        struct json_object *answer;
        const char *next;

        path_begin(&question->target, "j", question->order->words[0]);
        path_add_number(&question->target, "limit", PAGE);
        path_add_number(&question->target, "cut", LIMIT_BROWSE_CUT);
        path_add(&question->target, "cursor", cursor);
        outcome = question_send(question, "GET", REPEAT_SAFE);
        if (outcome != OUTCOME_DONE)
            break;
        answer = json_of(&question->answer.body);
        outcome = add_page(run, answer);
        next = json_text(answer, "cursor");
        snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        json_object_put(answer);
        ticker_show(&run->ticker, run->walked);
    }
    return outcome == OUTCOME_DONE && stop_asked ? (enum outcome)stop_status() : outcome;
}

enum outcome copy_messages(struct question *question, struct message_file *file)
{
    struct copy_run run = {.question = question, .file = file, .ticker = {.what = "copied"}};
    struct numbers before, behind;
    enum outcome outcome = ask_numbers(&run, &behind);
    int walks = 0;

    do {
        before = behind;
        run.ticker.total = before.total;
        if (outcome == OUTCOME_DONE)
            outcome = walk(&run);
        if (outcome == OUTCOME_DONE)
            outcome = ask_numbers(&run, &behind);
    } while (outcome == OUTCOME_DONE && ++walks < MOST_WALKS &&
             memcmp(before.moves, behind.moves, sizeof(before.moves)) != 0);
    ticker_end(&run.ticker);
    if (outcome == OUTCOME_DONE && memcmp(before.moves, behind.moves, sizeof(before.moves)) != 0)
        outcome = order_fail("messages of %s come and go all the time: a copy may miss some; hold "
                             "its pushes too, and run it again",
                             question->order->words[0]);
    result_clear(&run.body);
    return outcome;
}
