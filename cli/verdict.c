/* verdict.c - what an answer of HTTP means.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/verdict.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static const char *member_of(struct json_object *object, const char *name)
{
    struct json_object *member;

    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, name, &member) &&
                   json_object_is_type(member, json_type_string)
               ? json_object_get_string(member)
               : NULL;
}

/* A line of printable ASCII, whatever a stranger has sent. */
static void keep_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = ' ';
}

/* The broker's error, or NULL for another program's. */
static struct json_object *read_error(bool is_json, const struct buffer *body)
{
    struct reason reason = {0};
    struct json_object *object = NULL;

    if (!is_json || !body->len || json_parse(body->data, body->len, &object, &reason) != STATUS_OK)
        return NULL;
    if (member_of(object, "error") && member_of(object, "code"))
        return object;
    json_object_put(object);
    return NULL;
}

static struct verdict of_broker(int status, const char *text, bool is_open)
{
    static const struct {
        int status;
        struct verdict meaning;
    } rows[] = {
        {401, {OUTCOME_FORBIDDEN, VERDICT_FINAL}},
        {403, {OUTCOME_FORBIDDEN, VERDICT_FINAL}},
        {404, {OUTCOME_NOTHING, VERDICT_FINAL}  },
        {409, {OUTCOME_CONFLICT, VERDICT_FINAL} },
        {423, {OUTCOME_LATER, VERDICT_FINAL}    }, /* for as long as a person wants */
        {429, {OUTCOME_LATER, VERDICT_UNDONE}   },
        {503, {OUTCOME_LATER, VERDICT_UNDONE}   },
        {507, {OUTCOME_LATER, VERDICT_FINAL}    },
    };

    if (is_open)
        return (struct verdict){OUTCOME_UNKNOWN, VERDICT_OPEN};
    if (status == 404 &&
        (strncmp(text, "no such path", 12) == 0 || strncmp(text, "a path ", 7) == 0))
        return (struct verdict){OUTCOME_FAILED, VERDICT_FINAL};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].meaning;
    return (struct verdict){OUTCOME_FAILED, VERDICT_FINAL};
}

/* A web server's own answers, or a proxy's, or those of somebody who knows no queues. */
static struct verdict of_stranger(int status, char *why, size_t size)
{
    if (status >= 500 && status != 501) {
        snprintf(why, size, "status %d, not by the broker itself: it is down, or broke down",
                 status);
        return (struct verdict){OUTCOME_UNKNOWN, VERDICT_OPEN};
    }
    if (status == 401 || status == 403 || status == 407) {
        snprintf(why, size, "status %d, by a web server or proxy before the broker", status);
        return (struct verdict){OUTCOME_FORBIDDEN, VERDICT_FINAL};
    }
    if (status == 429) {
        snprintf(why, size, "status 429, by the web server: too many requests at a time");
        return (struct verdict){OUTCOME_LATER, VERDICT_UNDONE};
    }
    if (status >= 300 && status < 400)
        snprintf(why, size, "status %d, a redirection: is that the broker's URL?", status);
    else if (status == 413)
        snprintf(why, size, "status 413, by the web server: too large");
    else
        snprintf(why, size, "status %d, and not by a broker: is that its URL?", status);
    return (struct verdict){OUTCOME_FAILED, VERDICT_FINAL};
}

struct verdict verdict_of(int status, bool is_json, bool must_be_json, const struct buffer *body,
                          char *why, size_t size)
{
    struct json_object *error;
    struct verdict meaning;
    const char *outcome;

    if (status == 204 || (status == 200 && (is_json || !must_be_json)))
        return (struct verdict){OUTCOME_DONE, VERDICT_FINAL};
    error = read_error(is_json, body);
    if (!error)
        return of_stranger(status, why, size);
    outcome = member_of(error, "outcome");
    meaning =
        of_broker(status, member_of(error, "error"), outcome && strcmp(outcome, "unknown") == 0);
    snprintf(why, size, "%s", member_of(error, "error"));
    keep_printable(why);
    json_object_put(error);
    return meaning;
}
