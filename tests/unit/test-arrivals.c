/* test-arrivals.c - what cannot be kept until its end is closed, and the log says so.
 *
 * In place of base/log.c stands a memory of the last line.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/log.h"
#include "fcgi/arrivals.h"

static char logged[256];

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(logged, sizeof(logged), format, args);
    va_end(args);
}

static const unsigned char begin[] = {1, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0,
                                      0, FCGI_RESPONDER,     0, 0, 0, 0, 0, 0};
static const unsigned char end[] = {1, FCGI_STDIN, 0, 1, 0, 0, 0, 0};

static struct arrivals arrivals;

static int open_arrivals(void **state)
{
    (void)state;
    arrivals = (struct arrivals){.epoll = epoll_create1(0)};
    arrivals_limit(&arrivals, 1000);
    *logged = '\0';
    return 0;
}

static int close_arrivals(void **state)
{
    (void)state;
    arrivals_close(&arrivals);
    close(arrivals.epoll);
    return 0;
}

/* A connection whose request has begun; ours end is returned. */
static int connection(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[0], begin, sizeof(begin)), sizeof(begin));
    assert_false(arrivals_add(&arrivals, ends[1]));
    return ends[0];
}

static void assert_closed(int peer)
{
    char bytes[sizeof(begin)];

    assert_true(recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0);
    close(peer);
}

static void what_is_whole_is_ready(void **state)
{
    int peer = connection();
    struct arrival arrival;

    (void)state;
    arrivals_event(&arrivals, arrivals.waiting[0].fd);
    assert_false(arrivals_take(&arrivals, &arrival));
    assert_int_equal(write(peer, end, sizeof(end)), sizeof(end));
    arrivals_event(&arrivals, arrivals.waiting[0].fd);
    assert_true(arrivals_take(&arrivals, &arrival));
    assert_int_equal(arrival.kept, sizeof(begin) + sizeof(end));
    assert_string_equal(logged, "");
    close(arrival.fd);
    close(arrival.spool);
    close(peer);
}

static void a_spool_that_is_full(void **state)
{
    int peer = connection(), full = open("/dev/full", O_WRONLY);

    (void)state;
    assert_true(dup2(full, arrivals.waiting[0].spool) >= 0);
    close(full);
    arrivals_event(&arrivals, arrivals.waiting[0].fd);
    assert_int_equal(arrivals.waiting_count + arrivals.ready_count, 0);
    assert_string_equal(logged, "cannot keep a request: No space left on device");
    assert_closed(peer);
}

static void a_request_that_never_ends(void **state)
{
    int peer = connection();

    (void)state;
    arrivals_expire(&arrivals);
    assert_int_equal(arrivals.waiting_count, 1);
    arrivals.waiting[0].since -= LIMIT_REQUEST_SECONDS + 1;
    arrivals_expire(&arrivals);
    assert_int_equal(arrivals.waiting_count, 0);
    assert_string_equal(logged, "dropped a request that was not complete after 300 s");
    assert_closed(peer);
}

static void too_many_that_wait(void **state)
{
    int peers[ARRIVALS_WAITING];

    (void)state;
    for (int i = 0; i < ARRIVALS_WAITING; i++)
        peers[i] = connection();
    assert_string_equal(logged, "");
    close(connection());
    assert_int_equal(arrivals.waiting_count, ARRIVALS_WAITING);
    assert_string_equal(logged, "dropped the oldest of 256 unfinished requests");
    assert_closed(peers[0]);
    for (int i = 1; i < ARRIVALS_WAITING; i++)
        close(peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_whole_is_ready, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(a_spool_that_is_full, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(a_request_that_never_ends, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(too_many_that_wait, open_arrivals, close_arrivals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
