/* driver.c - says to Redis about presence what a helper would say; for tests.
 *
 * Its argument is the address of a Redis.  Reads lines, of which NAME may have spaces:
 *     join HELPER TOPIC ID SINCE VIA NAME      leave HELPER TOPIC ID      beat HELPER
 *     end HELPER                               tidy
 * and answers each with one line: the status ("ok"), of tidy with " more" if there is more to do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/presence.h"
#include "redis/link.h"

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

static void build(struct call *call, char *text, bool *more)
{
    const char *verb = word(&text);
    struct presence presence;

    if (strcmp(verb, "tidy") == 0) {
        presence_tidy_call(call, more);
    } else if (strcmp(verb, "beat") == 0) {
        presence_beat_call(call, word(&text));
    } else if (strcmp(verb, "end") == 0) {
        presence_end_call(call, word(&text));
    } else {
        presence = read_presence(text);
        if (strcmp(verb, "join") == 0)
            presence_join_call(call, &presence);
        else
            presence_leave_call(call, &presence);
    }
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct link *link;
    struct call call = {0};
    char *line = NULL;
    size_t size = 0;

    if (argc != 2)
        return 2;
    settings_init(&settings);
    free(settings.redis);
    settings.redis = xstrdup(argv[1]);
    link = link_new(&settings);
    while (getline(&line, &size, stdin) > 0) {
        struct reason reason = {0};
        bool more = false;
        enum status status;

        line[strcspn(line, "\n")] = '\0';
        build(&call, line, &more);
        status = link_run(link, &call, &reason);
        printf("%s%s\n", status == STATUS_OK ? "ok" : status_code(status), more ? " more" : "");
        fflush(stdout);
    }
    link_free(link);
    call_clear(&call);
    settings_clear(&settings);
    free(line);
}
