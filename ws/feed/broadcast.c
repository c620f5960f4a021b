/* broadcast.c - messages of one queue for all of its consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/broadcast.h"

#include <string.h>

#include "base/buffer.h"
#include "broker/keys.h"
#include "broker/stream.h"
#include "protocol/messages.h"
#include "ws/feed/helper.h"
#include "ws/feed/settling.h"
#include "ws/feed/source.h"
#include "ws/net/conn.h"

enum {
    AWAIT_SECONDS = 5, /* for what was published to come back */
};

static ev_tstamp now_of(const struct broadcast *broadcast)
{
    return ev_now(broadcast->source->fanout.conns->loop);
}

static struct budget *budget_of(const struct broadcast *broadcast)
{
    return broadcast->source->fanout.conns->budget;
}

void broadcast_init(struct broadcast *broadcast, struct source *source, struct settling *settling)
{
    *broadcast = (struct broadcast){.source = source, .settling = settling};
    sent_list_init(&broadcast->sent);
}

void broadcast_clear(struct broadcast *broadcast)
{
    sent_list_clear(&broadcast->sent);
    deliveries_clear(&broadcast->unheard, budget_of(broadcast));
    broadcast->published = broadcast->heard = 0;
}

/* --- those of this helper --------------------------------------------------------------------- */

void broadcast_begin(struct broadcast *broadcast, const char *token)
{
    memcpy(broadcast->token, token, sizeof(broadcast->token));
    broadcast->published = broadcast->heard = 0;
    broadcast->began_at = now_of(broadcast);
}

void broadcast_end(struct broadcast *broadcast)
{
    broadcast->token[0] = '\0';
    broadcast->published = broadcast->heard = 0;
    deliveries_return(&broadcast->unheard, budget_of(broadcast), 0, settling_delivery,
                      broadcast->settling);
}

void broadcast_told(struct broadcast *broadcast, int published)
{
    broadcast->published = published;
    if (!broadcast_is_awaited(broadcast))
        broadcast_end(broadcast);
}

void broadcast_step(struct broadcast *broadcast)
{
    if (broadcast_is_awaited(broadcast) && now_of(broadcast) - broadcast->began_at > AWAIT_SECONDS)
        broadcast_end(broadcast);
}

/* A message of the broadcast has come back to this helper. */
static void note_back(struct broadcast *broadcast, const struct message *message)
{
    if (!*broadcast->token || strncmp(message->token, broadcast->token, TOKEN_RANDOM) != 0)
        return;
    if (broadcast->source->fanout.count == 0)
        deliveries_add(&broadcast->unheard, budget_of(broadcast), message);
    if (++broadcast->heard == broadcast->published)
        broadcast_end(broadcast);
}

/* --- those of all helpers --------------------------------------------------------------------- */

static void send_on(struct broadcast *broadcast, const struct message *message)
{
    struct buffer text = {0};

    message_write(message, 0, &text);
    fanout_add(&broadcast->source->fanout, message->key, message->key_len, text.data, text.len,
               NULL);
    buffer_clear(&text);
}

void broadcast_heard(struct broadcast *broadcast, const char *data, size_t len)
{
    struct leased leased = {0};
    char key[MESSAGE_KEY];
    struct message message;
    struct sent *sent;
    bool is_repeat;

    if (!stream_read_broadcast(data, len, key, &message) ||
        !message_key_is_of(message.key, message.key_len, broadcast->source->name))
        return; /* somebody else published here */
    note_back(broadcast, &message);
    if (broadcast->source->fanout.count == 0)
        return;
    sent = sent_note(&broadcast->sent, &message, now_of(broadcast), &is_repeat);
    if (!is_repeat) {
        broadcast->settling->helper->counts.given[TO_ALL]++;
        send_on(broadcast, &message);
    }
    leased.key = message.key;
    leased.key_len = message.key_len;
    leased.token = message.token;
    leased.sent = sent->is_acking ? NULL : sent;
    settling_add(broadcast->settling, SETTLE_ACK, &leased);
}
