/* browsing.c - what is told of messages that are only looked at.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/browsing.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "protocol/messages.h"

/* Text that was cut stays text: without the part of a character at its end. */
static size_t whole_characters(const char *body, size_t len)
{
    enum { MOST = 3 };

    for (size_t dropped = 0; dropped <= MOST && dropped < len; dropped++)
        if (utf8_is_valid(body, len - dropped))
            return len - dropped;
    return len;
}

static void write_body(const struct facts *facts, struct buffer *out)
{
    size_t len = facts->body_len;
    bool is_cut = (long long)len < facts->size;

    if (is_cut)
        len = whole_characters(facts->body, len);
    buffer_add_text(out, ",\"value\":");
    message_write_value(facts->body, len, out);
    if (is_cut)
        buffer_add_text(out, ",\"cut\":true");
}

static void write_text(const char *text, size_t len, struct buffer *out)
{
    if (len > 0)
        json_add_string(out, text, len);
    else
        buffer_add_text(out, "null");
}

static void write_death(const struct facts *facts, bool sees_reasons, struct buffer *out)
{
    buffer_addf(out, ",\"died\":{\"deliveries\":%lld,\"at\":%lld", facts->died_deliveries,
                facts->died_ms);
    if (sees_reasons) {
        buffer_add_text(out, ",\"reason\":");
        write_text(facts->died_reason, facts->died_reason_len, out);
    }
    buffer_add_text(out, "}");
}

static void write_reasons(const struct facts *facts, bool sees_reasons, struct buffer *out)
{
    if (sees_reasons && facts->reason_len > 0) {
        buffer_add_text(out, ",\"reason\":");
        write_text(facts->reason, facts->reason_len, out);
    }
    if (facts->died_deliveries > 0)
        write_death(facts, sees_reasons, out);
}

void facts_write(const struct facts *facts, bool sees_bodies, struct buffer *out)
{
    bool is_leased = strcmp(facts->state, "leased") == 0;

    buffer_add_text(out, "{\"key\":");
    json_add_string(out, facts->key, facts->key_len);
    buffer_add_text(out, ",\"state\":");
    json_add_string(out, facts->state, strlen(facts->state));
    buffer_addf(out, ",\"size\":%lld,\"deliveries\":%lld", facts->size, facts->deliveries);
    if (facts->until_ms)
        buffer_addf(out, ",\"%s\":%lld", is_leased ? "lease_until" : "due", facts->until_ms);
    if (facts->expires_ms)
        buffer_addf(out, ",\"expires\":%lld", facts->expires_ms);
    age_write(&facts->age, "age_s", "age_is", out);
    write_reasons(facts, sees_bodies, out);
    if (sees_bodies)
        write_body(facts, out);
    buffer_add_text(out, "}");
}
