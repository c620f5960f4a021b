/* sent.c - broadcasts that were sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/sent.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/message.h"

enum { REMEMBER_SECONDS = 120 }; /* while the ack is not certain */

void sent_list_init(struct sent_list *list)
{
    *list = (struct sent_list){.last = &list->first};
}

void sent_list_clear(struct sent_list *list)
{
    while (list->first)
        sent_forget(list, list->first);
}

/* FNV-1a. */
static uint64_t digest_of(const struct message *message)
{
    uint64_t digest = 0xcbf29ce484222325;

    for (size_t i = 0; i < message->value_len; i++)
        digest = (digest ^ (unsigned char)message->value[i]) * 0x100000001b3;
    return digest;
}

static struct sent *sent_new(const struct message *message, ev_tstamp now)
{
    struct sent *sent = xmalloc(sizeof(*sent) + message->key_len + 1);

    *sent = (struct sent){.key = sent->text, .at = now, .digest = digest_of(message)};
    memcpy(sent->text, message->key, message->key_len);
    sent->text[message->key_len] = '\0';
    return sent;
}

struct sent *sent_note(struct sent_list *list, const struct message *message, ev_tstamp now,
                       bool *is_repeat)
{
    struct sent *sent = sent_new(message, now);
    struct sent **found = tsearch(sent, &list->tree, text_compare), *before;

    if (!found)
        abort(); /* out of memory */
    before = *found;
    *is_repeat = before != sent && before->digest == sent->digest && !before->is_void;
    if (before != sent) {
        before->is_void = false;
        before->digest = sent->digest;
        free(sent);
        return before;
    }
    sent->link = list->last;
    *list->last = sent;
    list->last = &sent->next;
    return sent;
}

void sent_forget(struct sent_list *list, struct sent *sent)
{
    *sent->link = sent->next;
    if (sent->next)
        sent->next->link = sent->link;
    else
        list->last = sent->link;
    tdelete(sent, &list->tree, text_compare);
    free(sent);
}

void sent_list_void(struct sent_list *list)
{
    for (struct sent *sent = list->first; sent; sent = sent->next)
        sent->is_void = true;
}

void sent_list_renew(struct sent_list *list, ev_tstamp now)
{
    for (struct sent *sent = list->first; sent; sent = sent->next)
        sent->at = now;
}

void sent_forget_old(struct sent_list *list, ev_tstamp now)
{
    while (list->first && list->first->at < now - REMEMBER_SECONDS && !list->first->is_acking)
        sent_forget(list, list->first);
}
