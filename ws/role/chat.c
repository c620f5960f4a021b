/* chat.c - the JSON protocol on a websocket.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/chat.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "protocol/command.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/send.h"
#include "ws/redis/alink.h"
#include "ws/redis/job.h"
#include "ws/role/gate.h"
#include "ws/role/roles.h"

enum {
    UNDER_WAY = 32, /* commands; a parsed text takes a MiB or two at most */
    LARGE = 8, /* of them, whose answers may be large: others need not wait for many of these */
};

/* A command under way, or about to be. */
struct chat {
    struct job job;
    struct command command;
    struct buffer text;
    bool is_large;
};

/* A text of a connection that is paused until its turn comes. */
struct pending {
    struct pending *next;
    struct conn *conn;
    size_t len;
    char data[];
};

struct chat_line {
    struct pending *first, **end;
};

struct chats {
    int under_way, large_under_way;
    struct chat_line line, large;
    bool is_serving; /* the lines */
};

struct chats *chats_new(void)
{
    struct chats *chats = xmalloc(sizeof(*chats));

    memset(chats, 0, sizeof(*chats));
    chats->line.end = &chats->line.first;
    chats->large.end = &chats->large.first;
    return chats;
}

static struct chats *chats_of(const struct conn *conn)
{
    return roles_of(conn)->chats;
}

static const struct helper *helper_of(const struct conn *conn)
{
    return roles_of(conn)->helper;
}

static void clear_chat(struct job *job)
{
    struct chat *chat = (struct chat *)job;

    command_clear(&chat->command);
    buffer_clear(&chat->text);
}

static struct chat *chat_new(struct conn *conn, const char *data, size_t len)
{
    struct chat *chat = job_new(helper_of(conn)->jobs, sizeof(*chat), NULL, conn);

    chat->job.clear = clear_chat;
    buffer_add(&chat->text, data, len);
    chats_of(conn)->under_way++;
    return chat;
}

static void chat_free(struct chat *chat)
{
    struct chats *chats = chats_of(chat->job.conn);

    chats->under_way--;
    chats->large_under_way -= chat->is_large;
    job_free(&chat->job);
}

static struct pending *first_in_line(struct chat_line *line)
{
    struct pending *pending = line->first;

    if (!pending)
        return NULL;
    line->first = pending->next;
    if (!line->first)
        line->end = &line->first;
    return pending;
}

void chats_free(struct chats *chats)
{
    struct pending *pending;

    while ((pending = first_in_line(&chats->line)) || (pending = first_in_line(&chats->large)))
        free(pending);
    free(chats);
}

static void send_or_end(struct conn *conn, bool is_sent)
{
    if (!is_sent)
        conn_end(conn, CLOSE_TOO_SLOW, "too slow");
}

static void chat_echo(struct conn *conn, const char *data, size_t len, bool is_text)
{
    struct payload *payload;

    if (is_text) {
        send_or_end(conn, conn_send_text(conn, data, len));
        return;
    }
    payload = payload_binary(conn->conns->budget, data, len);
    send_or_end(conn, conn_send(conn, payload));
    payload_drop(payload);
}

static void chat_answer(struct chat *chat, enum status status, const struct reason *reason)
{
    struct payload *payload;
    struct buffer text;

    payload_text_begin(&text, 0);
    command_render(&chat->command, status, reason, &text);
    payload = payload_text_end(chat->job.conn->conns->budget, &text, chat->job.conn->shape, "", 0);
    send_or_end(chat->job.conn, conn_send(chat->job.conn, payload));
    payload_drop(payload);
}

static const struct speaker *speaker_of(const struct chat *chat)
{
    return roles_of(chat->job.conn)->speaker;
}

/* Is it about messages of the queue that this consumer reads? */
static bool is_about_own_queue(const struct chat *chat)
{
    return speaker_of(chat)->reads(chat->job.conn, chat->command.queue);
}

static enum settlement how_ended(const struct chat *chat, enum status status, int row)
{
    if (status != STATUS_OK || chat->command.claims.rows[row].result == CLAIM_STALE)
        return LEASE_WAS_OVER;
    return command_returns_leases(&chat->command) ? LEASE_RETURNED : LEASE_ACKED;
}

/* Did it end leases that this consumer holds? */
static void note_settled(const struct chat *chat, enum status status)
{
    const struct claims *claims = &chat->command.claims;

    /* The right token that is stale has run out before. */
    if (!is_about_own_queue(chat) || !command_ends_leases(&chat->command) ||
        (status != STATUS_OK && status != STATUS_STALE_LEASE))
        return;
    for (int i = 0; i < claims->count; i++)
        if (claims->rows[i].token)
            speaker_of(chat)->settled(chat->job.conn, claims->rows[i].key, claims->rows[i].key_len,
                                      claims->rows[i].token, how_ended(chat, status, i));
}

/* A message for a client that has gone would be lost. */
static bool is_for_nobody(const struct chat *chat)
{
    return chat->job.call.bodies &&
           (!conn_is_open(chat->job.conn) || conn_has_hung_up(chat->job.conn));
}

static bool is_wanted(void *user)
{
    return !is_for_nobody(user);
}

static void chat_run(struct chat *chat);
static void serve_line(struct chats *chats);

static void chat_end(struct chat *chat, enum status status, const struct reason *reason)
{
    struct conn *conn = chat->job.conn;

    if (conn_is_open(conn)) {
        chat_answer(chat, status, reason);
        note_settled(chat, status);
    }
    chat_free(chat);
    conn_resume(conn);
    serve_line(chats_of(conn));
}

static void note_done(const struct chat *chat)
{
    struct buffer text = {0};

    command_done(&chat->command, &text);
    if (text.len)
        gate_note_done(chat->job.conn, text.data);
    buffer_clear(&text);
}

static void chat_on_run(void *user, enum status status, const struct reason *reason);

static void run_call(struct chat *chat)
{
    struct reason reason = {0};

    if (is_wanted(chat)) {
        job_run_if(&chat->job, is_wanted, chat_on_run);
        return;
    }
    refuse(&reason, STATUS_UNAVAILABLE, "nobody waits for it any more");
    chat_end(chat, STATUS_UNAVAILABLE, &reason);
}

static void chat_on_run(void *user, enum status status, const struct reason *reason)
{
    struct chat *chat = user;

    if (command_next(&chat->command, &chat->job.call, &status)) {
        run_call(chat);
        return;
    }
    if (status == STATUS_OK)
        note_done(chat);
    chat_end(chat, status, reason);
}

static void on_key(void *user, enum status status, const struct reason *reason)
{
    if (status == STATUS_OK)
        chat_run(user);
    else
        chat_end(user, status, reason);
}

/* Is it about messages that this consumer was given?  With their tokens that is its right. */
static bool is_about_own(const struct chat *chat)
{
    const struct claims *claims = &chat->command.claims;

    if (claims->count == 0 || !is_about_own_queue(chat))
        return false;
    for (int i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->rows[i];

        if (!claim->token ||
            !speaker_of(chat)->holds(chat->job.conn, claim->key, claim->key_len, claim->token))
            return false;
    }
    return true;
}

/* For each queue, before the first one is looked at. */
static enum status admit_command(const struct chat *chat, struct reason *reason)
{
    const struct command *command = &chat->command;
    enum status status = STATUS_OK;
    const char *name;

    if (is_about_own(chat))
        return STATUS_OK;
    for (int i = 0; status == STATUS_OK && (name = command_queue(command, i)); i++)
        status = gate_act(chat->job.conn, command_needs(command), *name ? name : NULL, reason);
    return status;
}

static void chat_run(struct chat *chat)
{
    struct reason reason = {0};
    enum status status = admit_command(chat, &reason);

    if (status == STATUS_NEEDS_KEY)
        gate_ask(chat->job.conn, on_key, chat);
    else if (status != STATUS_OK)
        chat_end(chat, status, &reason);
    else
        run_call(chat);
}

/* An object with a cmd that is too large, too deep or broken should not come back as if it were
 * some text. */
static bool is_meant_as_command(const char *data, size_t len)
{
    while (len && strchr(" \t\r\n", data[len - 1]) && data[len - 1])
        len--;
    return len && data[len - 1] == '}' && memmem(data, len, "\"cmd\"", 5);
}

/* --- the lines ------------------------------------------------------------------------------- */

static size_t size_of(const struct pending *pending)
{
    return sizeof(*pending) + pending->len + BUDGET_PIECE;
}

static void stand_in_line(struct chat_line *line, struct conn *conn, const char *data, size_t len)
{
    struct pending *pending = xmalloc(sizeof(*pending) + len);

    *pending = (struct pending){.conn = conn, .len = len};
    memcpy(pending->data, data, len);
    *line->end = pending;
    line->end = &pending->next;
    budget_add(conn->conns->budget, size_of(pending));
    conn_hold(conn);
    conn_pause(conn);
}

/* False: it has to stand in line. */
static bool note_large(struct chat *chat)
{
    struct chats *chats = chats_of(chat->job.conn);

    if (!alink_expects_much(helper_of(chat->job.conn)->jobs->alink, &chat->job.call))
        return true;
    if (chats->large_under_way >= LARGE)
        return false;
    chat->is_large = true;
    chats->large_under_way++;
    return true;
}

/* Runs it, or lets it stand in line. */
static bool begin_command(struct chat *chat)
{
    struct conn *conn = chat->job.conn;
    struct chats *chats = chats_of(conn);

    if (!note_large(chat)) {
        stand_in_line(&chats->large, conn, chat->text.data, chat->text.len);
        chat_free(chat);
        return true;
    }
    job_keep(&chat->job, chat->text.size + command_size(&chat->command));
    conn_pause(conn);
    chat_run(chat);
    return true;
}

/* False: it is over already. */
static bool chat_begin(struct conn *conn, const char *data, size_t len)
{
    const struct settings *settings = conn->conns->settings;
    struct command_limits limits = {
        .max_message = settings->max_message,
        .once_seconds = settings->idempotency_seconds,
        .has_id = true,
        .rings = roles_of(conn)->rings,
        .helpers = roles_of(conn)->known,
        .tokens = helper_of(conn)->pool,
    };
    struct reason reason = {0};
    struct chat *chat = chat_new(conn, data, len);
    enum status status =
        command_parse(&chat->command, chat->text.data, len, &limits, &chat->job.call, &reason);

    if (!chat->command.verb && (chat->command.root || !is_meant_as_command(data, len)))
        chat_echo(conn, data, len, true);
    else if (status != STATUS_OK)
        chat_answer(chat, status, &reason);
    else
        return begin_command(chat);
    chat_free(chat);
    return false;
}

static void chat_serve(struct pending *pending)
{
    struct conn *conn = pending->conn;
    bool is_under_way = conn_is_open(conn) && chat_begin(conn, pending->data, pending->len);

    budget_take_off(conn->conns->budget, size_of(pending));
    free(pending);
    conn_drop(conn);
    if (!is_under_way)
        conn_resume(conn);
}

static struct pending *next_in_line(struct chats *chats)
{
    struct pending *pending = NULL;

    if (chats->under_way >= UNDER_WAY)
        return NULL;
    if (chats->large_under_way < LARGE)
        pending = first_in_line(&chats->large);
    return pending ? pending : first_in_line(&chats->line);
}

/* What is served here may be over at once, and then does not serve the others within itself. */
static void serve_line(struct chats *chats)
{
    struct pending *pending;

    if (chats->is_serving)
        return;
    chats->is_serving = true;
    while ((pending = next_in_line(chats)))
        chat_serve(pending);
    chats->is_serving = false;
}

static void refuse_for_now(struct conn *conn, const struct reason *reason)
{
    struct buffer text = {0};

    error_render(STATUS_UNAVAILABLE, reason, &text);
    send_or_end(conn, conn_send_text(conn, text.data, text.len));
    buffer_clear(&text);
}

void chat_message(struct conn *conn, const char *data, size_t len, bool is_text)
{
    struct chats *chats = chats_of(conn);
    struct reason reason = {0};
    size_t space = 0;

    while (space < len && strchr(" \t\r\n", data[space]) && data[space])
        space++;
    if (!is_text || space == len || data[space] != '{')
        chat_echo(conn, data, len, is_text);
    else if (!budget_admits(conn->conns->budget, &reason))
        refuse_for_now(conn, &reason);
    else if (chats->line.first || chats->under_way >= UNDER_WAY)
        stand_in_line(&chats->line, conn, data, len);
    else
        chat_begin(conn, data, len);
}
