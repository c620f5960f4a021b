/* acks.c - consumers with ack=explicit, which ack at the same moment what each was given.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/acks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

void acks_open(struct acks *acks, const char *path, int count)
{
    const char *name = strrchr(path, '/') + 1;
    size_t size = (size_t)count * sizeof *acks->all;

    if (strstr(path, "ack=explicit") == NULL)
        return;
    acks->queue = strndup(name, strcspn(name, "?"));
    acks->all = memset(xmalloc(size), 0, size);
}

void acks_close(struct acks *acks)
{
    free((char *)acks->queue);
    free(acks->all);
}

/* The value of a member that is a string without escapes; 0: there is none. */
static int find_member(const char *text, size_t len, const char *name, const char **value)
{
    const char *at = memmem(text, len, name, strlen(name)), *end;

    if (at == NULL)
        return 0;
    at += strlen(name);
    end = memchr(at, '"', (size_t)(text + len - at));
    *value = at;
    return end ? (int)(end - at) : 0;
}

bool acks_take(struct acks *acks, size_t consumer, const char *text, size_t len)
{
    struct ack *ack = &acks->all[consumer];
    const char *key, *lease;
    int key_len = find_member(text, len, "\"key\":\"", &key);
    int lease_len = find_member(text, len, "\"lease\":\"", &lease);

    if (memmem(text, len, "\"deleted\":true", 14) != NULL) {
        acks->acked++;
        return true;
    }
    if (key_len == 0 || lease_len == 0 || ack->text[0])
        return false;
    acks->held++;
    return snprintf(ack->text, sizeof ack->text,
                    "{\"cmd\":\"del\",\"queue\":\"%s\",\"key\":\"%.*s\",\"lease\":\"%.*s\"}",
                    acks->queue, key_len, key, lease_len, lease) <= ACK_SIZE;
}

/* With a mask of zeros, which changes nothing. */
static void send_ack(const struct ack *ack, int fd)
{
    size_t len = strlen(ack->text);
    char frame[6 + ACK_SIZE] = {(char)0x81, (char)(0x80 | len)};

    memcpy(frame + 6, ack->text, len);
    if (send(fd, frame, 6 + len, MSG_NOSIGNAL) != (ssize_t)(6 + len))
        perror("ack");
}

void acks_send(struct acks *acks, const struct consumers *consumers)
{
    for (int i = 0; i < consumers->count; i++)
        if (consumers->all[i].state == CONSUMER_OPEN && acks->all[i].text[0])
            send_ack(&acks->all[i], consumers->all[i].fd);
}
