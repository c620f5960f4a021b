/* driver.c - one client of the property test: runs JSON commands by a clock that it is told.
 *
 * Its arguments are the address of a Redis, and "tags" where keys have hash tags.  Reads lines
 * "<clock in us> <JSON command>", or "<clock in us> sweep <queue>" for one step of removing purged
 * bodies; answers each with one line of JSON.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/helpers.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/token.h"
#include "protocol/command.h"
#include "redis/link.h"

static struct token_pool tokens;
static struct helpers helpers;

static const struct command_limits limits = {
    .max_message = 1024 * 1024,
    .once_seconds = 1000000, /* by Redis's own clock: longer than any test */
    .tokens = &tokens,
    .helpers = &helpers,
};

static void run_command(struct link *link, struct call *call, const char *text, struct buffer *out)
{
    struct command command = {0};
    struct reason reason = {0};
    enum status status = command_parse(&command, text, strlen(text), &limits, call, &reason);

    if (status == STATUS_OK)
        do
            status = link_run(link, call, &reason);
        while (command_next(&command, call, &status));
    command_render(&command, status, &reason, out);
    command_clear(&command);
}

static void sweep(struct link *link, struct call *call, const char *queue, struct buffer *out)
{
    struct reason reason = {0};
    bool more = false;

    queue_sweep_call(call, queue, SWEEP_ALL, &more);
    if (link_run(link, call, &reason) == STATUS_OK)
        buffer_addf(out, "{\"queue\":\"%s\",\"more\":%s}", queue, more ? "true" : "false");
    else
        error_render(STATUS_UNAVAILABLE, &reason, out);
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct link *link;
    struct call call = {0};
    struct buffer out = {0};
    char *line = NULL, *text;
    size_t size = 0;

    if (argc < 2)
        return 2;
    keys_use_tags(argc > 2 && strcmp(argv[2], "tags") == 0);
    settings_init(&settings);
    free(settings.redis);
    settings.redis = xstrdup(argv[1]);
    link = link_new(&settings);
    while (getline(&line, &size, stdin) > 0) {
        call.clock_us = strtoll(line, &text, 10);
        text[strcspn(text, "\n")] = '\0';
        text += strspn(text, " ");
        buffer_reset(&out);
        if (strncmp(text, "sweep ", 6) == 0)
            sweep(link, &call, text + 6, &out);
        else
            run_command(link, &call, text, &out);
        printf("%s\n", out.data);
        fflush(stdout);
    }
    link_free(link);
    call_clear(&call);
    buffer_clear(&out);
    settings_clear(&settings);
    free(line);
}
