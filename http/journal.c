/* journal.c - lines about who was refused and who did what.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/journal.h"

#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"

enum {
    SHOWN_PATH = 100, /* bytes */
    SHOWN_USER = 64,
};

static const struct {
    unsigned limit; /* lines a second */
    const char *what, *more;
} kinds[JOURNAL_KINDS] = {
    [JOURNAL_UNAUTHORIZED] = {LIMIT_REFUSAL_LINES, "refusal", " with 401"},
    [JOURNAL_FORBIDDEN] = {LIMIT_REFUSAL_LINES, "refusal", " with 403"},
    [JOURNAL_LATER] = {LIMIT_REFUSAL_LINES, "refusal", " with 503"},
    [JOURNAL_DONE] = {LIMIT_DONE_LINES,    "change",  ""         },
};

/* --- how much -----------------------------------------------------------------------------------
 */

void journal_catch_up(struct journal *journal)
{
    long long second = clock_ms() / 1000;

    if (!journal->leaves_out || second == journal->second)
        return;
    for (int i = 0; i < JOURNAL_KINDS; i++) {
        if (journal->left_out[i])
            log_event("left out: %u more %s%s%s", journal->left_out[i], kinds[i].what,
                      text_plural(journal->left_out[i]), kinds[i].more);
        journal->left_out[i] = 0;
    }
    journal->leaves_out = false;
}

static bool may_say(struct journal *journal, enum journal_kind kind)
{
    long long second = clock_ms() / 1000;

    journal_catch_up(journal);
    if (second != journal->second)
        memset(journal->said, 0, sizeof(journal->said));
    journal->second = second;
    if (journal->said[kind] < kinds[kind].limit) {
        journal->said[kind]++;
        return true;
    }
    journal->left_out[kind]++;
    journal->leaves_out = true;
    return false;
}

/* --- what ---------------------------------------------------------------------------------------
 */

/* Between quotes, in which none is; the log itself sees to what is not printable. */
static void add_quoted(struct buffer *line, const char *text, size_t len)
{
    buffer_add_text(line, "\"");
    for (size_t i = 0; i < len; i++)
        if (text[i] == '"' || text[i] == '\\')
            buffer_addf(line, "\\x%02x", text[i]);
        else
            buffer_add(line, text + i, 1);
    buffer_add_text(line, "\"");
}

static void add_ip(struct buffer *line, const struct ip *ip)
{
    char text[IP_TEXT];

    buffer_add_text(line, ip ? ip_text(ip, text) : "unknown");
}

static void add_who(struct buffer *line, const struct journal_who *who, const char *between)
{
    if (who->user) {
        buffer_addf(line, "%suser ", between);
        add_quoted(line, who->user, strnlen(who->user, SHOWN_USER));
        between = ", ";
    }
    if (who->key) {
        buffer_addf(line, "%skey ", between);
        add_quoted(line, who->key, strlen(who->key));
    }
}

/* A reason may have a client's text in it, without quotes around. */
static void add_reason(struct buffer *line, const struct reason *reason)
{
    for (const char *at = reason->text; *at; at++)
        buffer_add(line, *at == '"' ? "'" : at, 1);
}

static enum journal_kind kind_of(enum status status)
{
    return status == STATUS_UNAUTHORIZED ? JOURNAL_UNAUTHORIZED
           : status == STATUS_FORBIDDEN  ? JOURNAL_FORBIDDEN
                                         : JOURNAL_LATER;
}

static void end_line(struct buffer *line)
{
    log_event("%s", line->data);
    buffer_clear(line);
}

void journal_refused(struct journal *journal, const struct journal_who *who, enum status status,
                     const char *method, const char *target, const struct reason *reason)
{
    struct buffer line = {0};
    size_t path;

    if (!may_say(journal, kind_of(status)))
        return;
    path = strcspn(target, "?");
    buffer_add_text(&line, "refused ");
    add_ip(&line, who->ip);
    buffer_addf(&line, " %d: ", status_http(status));
    add_reason(&line, reason);
    buffer_addf(&line, "; %.10s ", method);
    add_quoted(&line, target, path < SHOWN_PATH ? path : SHOWN_PATH);
    add_who(&line, who, ", ");
    end_line(&line);
}

void journal_done(struct journal *journal, const struct journal_who *who, const char *text)
{
    struct buffer line = {0};

    if (!may_say(journal, JOURNAL_DONE))
        return;
    buffer_add_text(&line, "done by ");
    add_ip(&line, who->ip);
    buffer_addf(&line, ": %s", text);
    add_who(&line, who, "; ");
    end_line(&line);
}
