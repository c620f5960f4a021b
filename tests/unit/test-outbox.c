/* test-outbox.c - what waits to be written, against sockets that take little at a time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "ws/net/outbox.h"

static struct outbox outbox;
static int fd, peer;
static struct buffer sent;     /* all that was put in */
static struct buffer received; /* all that the peer has read */

static int open_sockets(void **state)
{
    int fds[2], small = 1; /* the kernel's smallest */

    (void)state;
    memset(&outbox, 0, sizeof(outbox));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0 ||
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)) != 0)
        return -1;
    fd = fds[0];
    peer = fds[1];
    return 0;
}

static int close_sockets(void **state)
{
    (void)state;
    outbox_clear(&outbox);
    close(fd);
    if (peer >= 0)
        close(peer);
    buffer_clear(&sent);
    buffer_clear(&received);
    return 0;
}

/* A message of that many bytes, each like no neighbour. */
static struct payload *payload_of(size_t len)
{
    static unsigned char next;
    char *text = test_malloc(len + 1);
    struct payload *payload;

    for (size_t i = 0; i < len; i++)
        text[i] = (char)(next++ % 251);
    payload = payload_raw(NULL, text, len);
    buffer_add(&sent, text, len);
    test_free(text);
    return payload;
}

static void add(size_t len)
{
    struct payload *payload = payload_of(len);

    outbox_add(&outbox, SHAPE_LINE, payload);
    payload_drop(payload);
}

static bool send_one(size_t len)
{
    struct payload *payload = payload_of(len);
    bool is_sent = outbox_send(&outbox, SHAPE_LINE, payload, fd);

    payload_drop(payload);
    return is_sent;
}

/* Reads up to that many bytes. */
static size_t receive(size_t most)
{
    char data[65536];
    size_t total = 0;

    while (total < most) {
        size_t room = most - total < sizeof(data) ? most - total : sizeof(data);
        ssize_t len = read(peer, data, room);

        if (len <= 0)
            break;
        buffer_add(&received, data, (size_t)len);
        total += (size_t)len;
    }
    return total;
}

/* What always holds. */
static void check_sums(void)
{
    assert_int_equal(outbox.queued, sent.len);
    assert_int_equal(outbox_len(&outbox), outbox.queued - outbox.written);
    assert_true(outbox.written >= received.len);
    assert_true((outbox.count == 0) == (outbox.payloads == NULL));
    assert_true(outbox.count > 0 || outbox.offset == 0);
    assert_true(outbox.count <= outbox.size || outbox.count == 0);
}

/* Flushes and reads, until the peer has all. */
static void drain(size_t at_once)
{
    while (received.len < sent.len) {
        size_t before = received.len;

        assert_true(outbox_flush(&outbox, SHAPE_LINE, fd));
        check_sums();
        receive(at_once);
        assert_true(received.len > before);
    }
    assert_int_equal(outbox_len(&outbox), 0);
    assert_null(outbox.payloads);
    assert_int_equal(received.len, sent.len);
    assert_memory_equal(received.data, sent.data, sent.len);
}

static void empty(void **state)
{
    (void)state;
    assert_int_equal(outbox_len(&outbox), 0);
    assert_true(outbox_flush(&outbox, SHAPE_LINE, fd));
    assert_true(outbox_flush(&outbox, SHAPE_LINE, -1)); /* nothing to write: nothing is tried */
    outbox_clear(&outbox);
}

static void added_flushed_received(void **state)
{
    (void)state;
    add(100);
    assert_int_equal(outbox.queued, 100);
    assert_int_equal(outbox.written, 0);
    assert_int_equal(outbox_len(&outbox), 100);
    assert_int_equal(receive(1), 0);
    drain(1000);
    assert_int_equal(outbox.written, 100);
}

/* The bytes that count are those of the shape. */
static void lengths_are_those_of_the_shape(void **state)
{
    static const size_t lengths[SHAPES] = {7, 7, 13, 12, 7};

    (void)state;
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        struct payload *payload = payload_new(NULL);
        uint64_t before = outbox.queued;

        payload_add(payload, "", 0, "Hello", 5);
        outbox_add(&outbox, shape, payload);
        payload_drop(payload);
        assert_int_equal(outbox.queued - before, lengths[shape]);
        assert_true(outbox_flush(&outbox, shape, fd));
        assert_int_equal(outbox_len(&outbox), 0);
        assert_int_equal(receive(100), lengths[shape]);
    }
}

/* More than fit into one writev(), more than the socket takes, read in pieces that fit nowhere. */
static void many_in_order(void **state)
{
    static const size_t pieces[] = {1, 7, 997, 4096, 100000};

    for (size_t i = 0; i < COUNT(pieces); i++) {
        if (i > 0)
            open_sockets(state);
        for (size_t len = 0; len < 300; len++)
            add(len);
        drain(pieces[i]);
        if (i + 1 < COUNT(pieces))
            close_sockets(state);
    }
}

static void larger_than_the_socket(void **state)
{
    (void)state;
    add(10);
    add(300000);
    add(10);
    assert_true(outbox_flush(&outbox, SHAPE_LINE, fd));
    check_sums();
    assert_int_equal(outbox.count, 2);
    assert_int_equal(outbox.offset, outbox.written - 10);
    assert_int_equal(outbox_len(&outbox), 300020 - outbox.written);
    drain(1000);
}

/* The ring is full, its first is anywhere, and it grows then. */
static void the_ring_grows_wherever_it_begins(void **state)
{
    (void)state;
    for (unsigned gone = 0; gone < 4; gone++) {
        add(200000); /* more than the socket takes: the others stay behind it */
        for (unsigned i = 0; i < gone; i++)
            add(200000);
        while (outbox.count > 1) {
            assert_true(outbox_flush(&outbox, SHAPE_LINE, fd));
            receive(10000);
        }
        assert_int_equal(outbox.first, gone);
        for (size_t i = 0; i < 8; i++)
            add(100 + i);
        assert_int_equal(outbox.count, 9);
        assert_int_equal(outbox.size, 16);
        drain(5000);
    }
}

static void without_bytes(void **state)
{
    (void)state;
    add(0);
    assert_int_equal(outbox.count, 1);
    assert_int_equal(outbox_len(&outbox), 0);
    assert_true(outbox_flush(&outbox, SHAPE_LINE, fd));
    assert_int_equal(outbox.count, 0);
    add(0);
    add(5);
    add(0);
    add(0);
    drain(100);
    assert_true(send_one(0));
    check_sums();
}

/* --- at once --------------------------------------------------------------------------------- */

static void sent_at_once_without_memory(void **state)
{
    (void)state;
    assert_true(send_one(100));
    check_sums();
    assert_null(outbox.payloads);
    assert_int_equal(outbox.written, 100);
    assert_int_equal(receive(1000), 100);
    drain(1);
}

static void sent_in_part(void **state)
{
    (void)state;
    assert_true(send_one(300000));
    check_sums();
    assert_int_equal(outbox.count, 1);
    assert_in_range(outbox.written, 1, 299999);
    assert_int_equal(outbox.offset, outbox.written);
    drain(1000);
}

/* What waits goes first, also when the socket would take more. */
static void sent_behind_what_waits(void **state)
{
    (void)state;
    add(10);
    assert_true(send_one(20));
    check_sums();
    assert_int_equal(outbox.count, 2);
    assert_int_equal(outbox.written, 0);
    assert_int_equal(receive(1), 0);
    drain(100);
    assert_true(send_one(300000));
    assert_true(send_one(20));
    assert_int_equal(outbox.count, 2);
    drain(100000);
}

static void a_full_socket_takes_nothing(void **state)
{
    uint64_t written;

    (void)state;
    while (outbox.count == 0)
        assert_true(send_one(1000));
    drain(100000);
    /* full to the last byte, while nothing waits */
    while (send(fd, "x", 1, MSG_DONTWAIT) == 1)
        ;
    written = outbox.written;
    assert_true(send_one(10));
    check_sums();
    assert_int_equal(outbox.written, written);
    assert_int_equal(outbox.count, 1);
    assert_int_equal(outbox.offset, 0);
    assert_true(outbox_flush(&outbox, SHAPE_LINE, fd)); /* still full: no error */
    assert_int_equal(outbox_len(&outbox), 10);
}

/* --- broken ---------------------------------------------------------------------------------- */

static void the_peer_is_gone(void **state)
{
    (void)state;
    add(10);
    close(peer);
    peer = -1;
    assert_false(outbox_flush(&outbox, SHAPE_LINE, fd));
    add(10);
    assert_false(outbox_flush(&outbox, SHAPE_LINE, fd)); /* several, so another system call */
    outbox_clear(&outbox);
    assert_false(send_one(10));
    assert_int_equal(outbox.count, 0);
}

/* References are given back: leaks and double frees are for the sanitizer to find. */
static void cleared_with_some_in_it(void **state)
{
    struct payload *payload = payload_of(300000);

    (void)state;
    for (int i = 0; i < 10; i++)
        outbox_add(&outbox, SHAPE_LINE, payload);
    assert_true(outbox_flush(&outbox, SHAPE_LINE, fd));
    outbox_clear(&outbox);
    assert_int_equal(outbox.count, 0);
    assert_null(outbox.payloads);
    outbox_clear(&outbox);
    payload_drop(payload);
}

#define OUTBOX_TEST(function) cmocka_unit_test_setup_teardown(function, open_sockets, close_sockets)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(empty),
        OUTBOX_TEST(added_flushed_received),
        OUTBOX_TEST(lengths_are_those_of_the_shape),
        OUTBOX_TEST(many_in_order),
        OUTBOX_TEST(larger_than_the_socket),
        OUTBOX_TEST(the_ring_grows_wherever_it_begins),
        OUTBOX_TEST(without_bytes),
        OUTBOX_TEST(sent_at_once_without_memory),
        OUTBOX_TEST(sent_in_part),
        OUTBOX_TEST(sent_behind_what_waits),
        OUTBOX_TEST(a_full_socket_takes_nothing),
        OUTBOX_TEST(the_peer_is_gone),
        OUTBOX_TEST(cleared_with_some_in_it),
    };

    signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
