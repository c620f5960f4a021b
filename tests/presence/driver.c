/* driver.c - says to Redis about presence what a helper would say; for tests.
 *
 * Its arguments are the address of a Redis, and "tags" where keys have hash tags.  Reads lines, of
 * which NAME may have spaces:
 *     beat HELPER            the first of the helper; later ones are
 *     again HELPER
 *     end HELPER
 *     enlist HELPER TOPIC    strike HELPER TOPIC     seen TOPIC
 *     row HELPER TOPIC ID SINCE VIA NAME
 *     join HELPER TOPIC ID SINCE VIA NAME            enlist, seen and row
 *     leave HELPER TOPIC ID
 *     tidy                   a whole walk; or a call of it,
 *     step                   up to the one that is answered with "ok over"
 * and answers each with one line: the status ("ok"), of several calls that of the first that
 * failed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/keys.h"
#include "broker/presence.h"
#include "broker/tidy.h"
#include "redis/link.h"

static struct link *the_link;
static struct call call;
static struct tidy tidy;

/* The next word, or the rest of the line; "" at the end. */
static const char *word(char **at)
{
    const char *found = strsep(at, " ");

    return found ? found : "";
}

static struct presence read_presence(char *text)
{
    struct presence presence;

    presence.helper = word(&text);
    presence.topic = word(&text);
    presence.id = word(&text);
    presence.since = atoll(word(&text));
    presence.via = word(&text);
    presence.name = text ? text : "";
    return presence;
}

static enum status run(void)
{
    struct reason reason = {0};

    return link_run(the_link, &call, &reason);
}

static enum status join(const struct presence *presence)
{
    enum status status;

    presence_enlist_call(&call, presence->helper, &presence->topic, 1);
    status = run();
    if (status == STATUS_OK) {
        presence_seen_call(&call, &presence->topic, 1);
        status = run();
    }
    if (status == STATUS_OK) {
        presence_join_call(&call, presence);
        status = run();
    }
    return status;
}

static enum status step(void)
{
    enum status status;

    if (!tidy_call(&tidy, &call))
        return STATUS_OK;
    status = run();
    if (status != STATUS_OK)
        tidy_pass(&tidy);
    return status;
}

static enum status walk(void)
{
    enum status first = STATUS_OK;

    tidy = (struct tidy){0};
    while (tidy.stage != TIDY_OVER) {
        enum status status = step();

        first = first == STATUS_OK ? status : first;
    }
    tidy = (struct tidy){0};
    return first;
}

/* Of a helper or a topic; false: it is none of these verbs. */
static bool build(const char *verb, char *text)
{
    if (strcmp(verb, "beat") == 0 || strcmp(verb, "again") == 0) {
        presence_beat_call(&call, word(&text), *verb == 'b');
    } else if (strcmp(verb, "end") == 0) {
        presence_end_call(&call, word(&text));
    } else if (strcmp(verb, "seen") == 0) {
        const char *topic = word(&text);

        presence_seen_call(&call, &topic, 1);
    } else if (strcmp(verb, "enlist") == 0 || strcmp(verb, "strike") == 0) {
        const char *helper = word(&text), *topic = word(&text);

        (*verb == 'e' ? presence_enlist_call : presence_strike_call)(&call, helper, &topic, 1);
    } else {
        return false;
    }
    return true;
}

static enum status act(const char *verb, char *text)
{
    struct presence presence;

    if (strcmp(verb, "tidy") == 0)
        return walk();
    if (strcmp(verb, "step") == 0)
        return step();
    if (build(verb, text))
        return run();
    presence = read_presence(text);
    if (strcmp(verb, "join") == 0)
        return join(&presence);
    (strcmp(verb, "row") == 0 ? presence_join_call : presence_leave_call)(&call, &presence);
    return run();
}

int main(int argc, char **argv)
{
    struct settings settings;
    char *line = NULL;
    size_t size = 0;

    if (argc < 2)
        return 2;
    keys_use_tags(argc > 2 && strcmp(argv[2], "tags") == 0);
    settings_init(&settings);
    free(settings.redis);
    settings.redis = xstrdup(argv[1]);
    the_link = link_new(&settings);
    while (getline(&line, &size, stdin) > 0) {
        char *text = line;
        const char *verb;
        enum status status;

        line[strcspn(line, "\n")] = '\0';
        verb = word(&text);
        status = act(verb, text);
        printf("%s%s\n", status == STATUS_OK ? "ok" : status_code(status),
               tidy.stage == TIDY_OVER ? " over" : "");
        fflush(stdout);
        if (tidy.stage == TIDY_OVER)
            tidy = (struct tidy){0};
    }
    link_free(the_link);
    call_clear(&call);
    settings_clear(&settings);
    free(line);
}
