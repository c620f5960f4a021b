/* outbox.c - a ring of payloads, written with few system calls.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/memory.h"

enum {
    VECTORS = 64,
    ENTRY = 512, /* a payload of one short message, its text and its frame */
};

/* Is it only that the socket takes nothing now? */
static bool is_busy(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static struct payload *at(const struct outbox *outbox, unsigned i)
{
    return outbox->payloads[(outbox->first + i) % outbox->size];
}

static void drop_first(struct outbox *outbox)
{
    payload_drop(at(outbox, 0));
    outbox->first = (outbox->first + 1) % outbox->size;
    outbox->count--;
    outbox->offset = 0;
}

/* Most consumers have nothing waiting most of the time: then they keep no memory for it. */
static void forget_ring(struct outbox *outbox)
{
    free(outbox->payloads);
    outbox->payloads = NULL;
    outbox->size = outbox->first = 0;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->count)
        drop_first(outbox);
    forget_ring(outbox);
}

static void grow(struct outbox *outbox)
{
    unsigned size = outbox->size ? outbox->size * 2 : 4;
    struct payload **payloads = xmalloc(size * sizeof(struct payload *));

    for (unsigned i = 0; i < outbox->count; i++)
        payloads[i] = at(outbox, i);
    free(outbox->payloads);
    outbox->payloads = payloads;
    outbox->size = size;
    outbox->first = 0;
}

void outbox_add(struct outbox *outbox, enum shape shape, struct payload *payload)
{
    size_t len;

    payload_bytes(payload, shape, &len);
    if (outbox->count == outbox->size)
        grow(outbox);
    payload_hold(payload);
    outbox->payloads[(outbox->first + outbox->count++) % outbox->size] = payload;
    outbox->queued += len;
}

bool outbox_send(struct outbox *outbox, enum shape shape, struct payload *payload, int fd)
{
    size_t len;
    const char *bytes = payload_bytes(payload, shape, &len);
    ssize_t done = 0;

    if (outbox->count == 0)
        done = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done == (ssize_t)len) {
        outbox->queued += len;
        outbox->written += len;
        return true;
    }
    if (done < 0 && !is_busy(errno))
        return false;
    outbox_add(outbox, shape, payload);
    if (done > 0) {
        outbox->offset = (unsigned)done;
        outbox->written += (size_t)done;
    }
    return true;
}

size_t outbox_len(const struct outbox *outbox)
{
    return (size_t)(outbox->queued - outbox->written);
}

size_t outbox_cost(const struct outbox *outbox)
{
    return outbox_len(outbox) + (size_t)outbox->count * ENTRY;
}

void outbox_shed(struct outbox *outbox, enum shape shape)
{
    unsigned kept = outbox->offset > 0 ? 1 : 0;

    while (outbox->count > kept) {
        struct payload *last = at(outbox, outbox->count - 1);
        size_t len;

        payload_bytes(last, shape, &len);
        outbox->queued -= len;
        outbox->count--;
        payload_drop(last);
    }
    if (!kept)
        forget_ring(outbox);
}

static int gather(const struct outbox *outbox, enum shape shape, struct iovec *vectors)
{
    int count = 0;

    for (unsigned i = 0; i < outbox->count && count < VECTORS; i++) {
        size_t len, skip = i == 0 ? outbox->offset : 0;
        const char *bytes = payload_bytes(at(outbox, i), shape, &len);

        vectors[count++] = (struct iovec){.iov_base = (char *)bytes + skip, .iov_len = len - skip};
    }
    return count;
}

static void advance(struct outbox *outbox, enum shape shape, size_t done)
{
    outbox->written += done;
    while (outbox->count) {
        size_t len;

        payload_bytes(at(outbox, 0), shape, &len);
        if (done < len - outbox->offset)
            break;
        done -= len - outbox->offset;
        drop_first(outbox);
    }
    outbox->offset += (unsigned)done;
    if (!outbox->count)
        forget_ring(outbox);
}

bool outbox_flush(struct outbox *outbox, enum shape shape, int fd)
{
    struct iovec vectors[VECTORS];

    while (outbox->count) {
        int count = gather(outbox, shape, vectors);
        ssize_t done = count == 1 ? send(fd, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                                  : writev(fd, vectors, count);

        if (done < 0)
            return is_busy(errno);
        advance(outbox, shape, (size_t)done);
    }
    return true;
}
