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
    struct arrival arrival;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[0], begin, sizeof(begin)), sizeof(begin));
    assert_false(arrivals_add(&arrivals, ends[1], &arrival));
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

/* An idle connection; ours end is returned. */
static int idle_connection(int *theirs)
{
    struct arrival arrival;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_false(arrivals_add(&arrivals, ends[1], &arrival));
    *theirs = ends[1];
    return ends[0];
}

static void put(int peer, const unsigned char *bytes, size_t len)
{
    assert_int_equal(write(peer, bytes, len), len);
}

static void an_idle_one_wakes_up(void **state)
{
    struct arrival arrival;
    int theirs, peer = idle_connection(&theirs);

    (void)state;
    assert_int_equal(arrivals.idle.count, 1);
    for (int i = 0; i < 3; i++) {
        put(peer, begin, sizeof(begin));
        put(peer, end, sizeof(end));
        arrivals_event(&arrivals, theirs);
        assert_true(arrivals_take(&arrivals, &arrival));
        assert_int_equal(arrival.fd, theirs);
        assert_int_equal(arrival.spool, -1);
        assert_true(arrival.is_watched && !arrival.is_last);
        assert_false(arrivals_are_expected(&arrivals));
        assert_int_equal(recv(theirs, logged, sizeof(logged), 0), sizeof(begin) + sizeof(end));
        arrivals_keep(&arrivals, theirs, arrival.is_watched);
    }
    *logged = '\0';
    close(peer);
    arrivals_event(&arrivals, theirs);
    assert_false(arrivals_are_expected(&arrivals));
}

/* The second request would be read with the first one, and lost. */
static void more_behind_the_end(void **state)
{
    struct arrival arrival;
    int theirs, peer = idle_connection(&theirs);

    (void)state;
    put(peer, begin, sizeof(begin));
    put(peer, end, sizeof(end));
    put(peer, begin, sizeof(begin));
    arrivals_event(&arrivals, theirs);
    assert_true(arrivals_take(&arrivals, &arrival));
    assert_true(arrival.is_last);
    close(theirs);
    close(peer);
}

static void too_many_idle_ones(void **state)
{
    int peers[ARRIVALS_IDLE], theirs[ARRIVALS_IDLE], next;

    (void)state;
    for (int i = 0; i < ARRIVALS_IDLE; i++)
        peers[i] = idle_connection(&theirs[i]);
    assert_string_equal(logged, "");
    close(idle_connection(&next));
    assert_string_equal(logged, "closed the oldest of 512 idle connections");
    assert_int_equal(arrivals.idle.count, ARRIVALS_IDLE);
    assert_closed(peers[0]);
    for (int i = 1; i < ARRIVALS_IDLE; i++)
        close(peers[i]);
}

/* Its request came in the moment in which it was to be closed. */
static void an_end_loses_no_request(void **state)
{
    struct arrival arrival;
    int theirs, peer = idle_connection(&theirs), other, silent = idle_connection(&other);

    (void)state;
    put(peer, begin, sizeof(begin));
    put(peer, end, sizeof(end));
    arrivals_end(&arrivals);
    assert_true(arrivals_take(&arrivals, &arrival));
    assert_int_equal(arrival.fd, theirs);
    assert_true(arrival.is_last && arrival.is_shut);
    assert_int_equal(send(peer, end, sizeof(end), MSG_NOSIGNAL), -1);
    assert_int_equal(send(theirs, end, sizeof(end), MSG_NOSIGNAL), sizeof(end));
    assert_closed(silent);
    close(theirs);
    close(peer);
}

/* So did the end of a request that had begun; another one is cut off, and answered with an error.
 */
static void an_end_loses_no_end_of_a_request(void **state)
{
    int peer = connection(), cut = connection();
    struct arrival arrival;

    (void)state;
    put(peer, end, sizeof(end));
    arrivals_end(&arrivals);
    assert_false(arrivals_are_expected(&arrivals));
    assert_true(arrivals_take(&arrivals, &arrival));
    assert_int_equal(arrival.kept, sizeof(begin));
    close(arrival.fd);
    close(arrival.spool);
    assert_true(arrivals_take(&arrivals, &arrival));
    assert_int_equal(arrival.kept, sizeof(begin) + sizeof(end));
    assert_true(arrival.is_last && arrival.is_shut);
    close(arrival.fd);
    close(arrival.spool);
    close(peer);
    close(cut);
}

static void idle_for_too_long(void **state)
{
    int theirs, peer = idle_connection(&theirs);

    (void)state;
    arrivals_expire(&arrivals);
    assert_int_equal(arrivals.idle.count, 1);
    assert_int_equal(arrivals.idle_seconds, LIMIT_IDLE_SECONDS);
    arrivals.idle_seconds = -1;
    arrivals_expire(&arrivals);
    assert_int_equal(arrivals.idle.count, 0);
    assert_string_equal(logged, "");
    assert_closed(peer);
}

static const unsigned char get_values[] = {1,   FCGI_GET_VALUES,
                                           0,   0,
                                           0,   15,
                                           0,   0,
                                           13,  0,
                                           'F', 'C',
                                           'G', 'I',
                                           '_', 'M',
                                           'A', 'X',
                                           '_', 'R',
                                           'E', 'Q',
                                           'S'};

/* Between requests, in one piece and in bytes: an answer, and the connection is idle again. */
static void a_question_between_requests(void **state)
{
    int theirs, peer = idle_connection(&theirs);
    char answer[64];

    (void)state;
    put(peer, get_values, sizeof(get_values));
    arrivals_event(&arrivals, theirs);
    arrivals_event(&arrivals, theirs);
    assert_int_equal(recv(peer, answer, sizeof(answer), MSG_DONTWAIT), 24);
    assert_int_equal(arrivals.idle.count, 1);
    for (size_t i = 0; i < sizeof(get_values); i++) {
        put(peer, &get_values[i], 1);
        arrivals_event(&arrivals, theirs);
        arrivals_event(&arrivals, theirs);
    }
    assert_int_equal(recv(peer, answer, sizeof(answer), MSG_DONTWAIT), 24);
    assert_memory_equal(answer + 8, "\015\001FCGI_MAX_REQS1", 16);
    assert_int_equal(arrivals.idle.count, 1);
    assert_int_equal(arrivals.waiting_count + arrivals.ready_count, 0);
    close(peer);
}

/* What libfcgi reads is the request alone. */
static void a_question_within_a_request(void **state)
{
    static const unsigned char second[] = {1, FCGI_BEGIN_REQUEST, 0, 2, 0, 8, 0, 0,
                                           0, FCGI_RESPONDER,     0, 0, 0, 0, 0, 0};
    struct arrival arrival;
    int theirs, peer = idle_connection(&theirs);
    unsigned char answer[64], spooled[64];

    (void)state;
    put(peer, begin, sizeof(begin));
    put(peer, get_values, sizeof(get_values));
    put(peer, second, sizeof(second));
    put(peer, end, sizeof(end));
    arrivals_event(&arrivals, theirs);
    arrivals_event(&arrivals, theirs);
    assert_true(arrivals_take(&arrivals, &arrival));
    assert_false(arrival.is_last);
    assert_int_equal(read(arrival.spool, spooled, sizeof(spooled)), sizeof(begin) + sizeof(end));
    assert_memory_equal(spooled, begin, sizeof(begin));
    assert_memory_equal(spooled + sizeof(begin), end, sizeof(end));
    assert_int_equal(recv(peer, answer, sizeof(answer), MSG_DONTWAIT), 24 + 16);
    assert_memory_equal(answer + 24, "\1\3\0\2\0\10\0\0\0\0\0\0\1\0\0\0", 16);
    close(arrival.spool);
    close(theirs);
    close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_whole_is_ready, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(a_spool_that_is_full, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(a_request_that_never_ends, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(too_many_that_wait, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(an_idle_one_wakes_up, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(more_behind_the_end, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(too_many_idle_ones, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(an_end_loses_no_request, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(an_end_loses_no_end_of_a_request, open_arrivals,
                                        close_arrivals),
        cmocka_unit_test_setup_teardown(idle_for_too_long, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(a_question_between_requests, open_arrivals, close_arrivals),
        cmocka_unit_test_setup_teardown(a_question_within_a_request, open_arrivals, close_arrivals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
