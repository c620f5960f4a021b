/* fanout-load.c - the load of the fan-out: N websockets on one path, messages into Redis, and how
 * fast, how late and how completely they arrive.
 *
 *     fanout-load REDIS ADDRESS PATH CONSUMERS [tags]
 *
 * PATH is /sub/<channel> or /ws/<queue>; a '%' in it stands for the number of the consumer.  With
 * "tags" keys have hash tags, and /sub/<queue>:PUBSUB is a sharded channel.  Once all are connected
 * it says so, and reads commands from its standard input:
 *
 *     saturate SECONDS WINDOW    sends as fast as WINDOW unfinished messages allow
 *     pace SECONDS RATE PHASE    sends RATE messages a second, PHASE (0…1) of the time between
 *                                two after the ticks of a clock that all processes share
 *     acks                       with ack=explicit in PATH: every consumer acks what it was given;
 *                                a first answer once all have sent that, a second one at the end
 *
 * Each is answered by a line of JSON.  The end of the input ends it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/acks.h"
#include "tests/bench/consumers.h"
#include "tests/bench/histogram.h"
#include "tests/bench/publisher.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/keys.h"

enum {
    EVENTS = 256,
    TURN_MS = 100,            /* the longest sleep */
    INFLIGHT_MAX = 64 * 1024, /* messages whose sending times are remembered; a power of two */
    WARM_UP_PARTS = 5,        /* a fifth of the time is not counted */
    CONNECT_SECONDS = 60,
    PROBE_SECONDS = 30,
    PROBE_PAUSE_MS = 50,
    DRAIN_SECONDS = 60, /* to wait for what is missing */
    STDIN = -1,         /* as the number of an event */
};

static const uint64_t second_ns = 1000000000;

/* One run of a command. */
struct run {
    double window; /* unfinished messages */
    double rate;   /* messages a second, 0: as fast as the window allows */
    double phase;
    uint64_t start_ns, counted_ns, end_ns;
    uint32_t first;                            /* message */
    uint32_t first_counted;                    /* message, for the times it took */
    uint64_t received;                         /* deliveries */
    uint64_t received_before, received_within; /* what is counted for the rate */
    uint64_t disordered;
    struct histogram times;
};

struct load {
    struct consumers consumers;
    struct publisher publisher;
    uint32_t sent; /* messages, in all runs */
    uint64_t sent_ns[INFLIGHT_MAX];
    uint32_t probe;      /* number of the probing */
    int probed;          /* consumers who have seen one of it */
    uint64_t strange;    /* texts that nobody sent */
    bool input_is_ready; /* stdin */
    struct acks acks;
    struct run run;
};

static uint32_t message_number(const char *digits)
{
    uint32_t number = 0;

    for (int i = 0; i < MESSAGE_DIGITS; i++) {
        uint32_t digit = (unsigned char)digits[i];

        number = number << 4 | ((digit & 15) + (digit >> 6) * 9);
    }
    return number;
}

static void count_delivery(struct load *load, struct consumer *consumer, uint32_t number,
                           uint64_t time_ns)
{
    struct run *run = &load->run;

    if (number < consumer->next || number >= load->sent) {
        run->disordered++;
        return;
    }
    consumer->next = number + 1;
    run->received++;
    if (number >= run->first_counted)
        histogram_add(&run->times, time_ns - load->sent_ns[number % INFLIGHT_MAX]);
}

static void count_probe(struct load *load, struct consumer *consumer)
{
    if (consumer->mark != load->probe)
        load->probed++;
    consumer->mark = load->probe;
}

static void load_text(void *user, struct consumer *consumer, const char *text, size_t len,
                      uint64_t time_ns)
{
    struct load *load = user;
    const char *mark = memchr(text, MESSAGE_MARK, len);

    if (load->acks.all != NULL)
        load->strange +=
            !acks_take(&load->acks, (size_t)(consumer - load->consumers.all), text, len);
    else if (mark != NULL && text + len - mark > MESSAGE_DIGITS)
        count_delivery(load, consumer, message_number(mark + 1), time_ns);
    else if (memchr(text, MESSAGE_PROBE, len) != NULL)
        count_probe(load, consumer);
    else
        load->strange++;
}

static void load_turn(struct load *load, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(load->consumers.epoll_fd, events, EVENTS, timeout_ms);

    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == (uint64_t)STDIN)
            load->input_is_ready = true;
        else
            consumers_event(&load->consumers, events[i].data.u64);
    }
    publisher_settle(&load->publisher);
}

static void load_connect(struct load *load)
{
    struct consumers *consumers = &load->consumers;
    uint64_t start_ns = monotonic_ns(), now_ns;

    consumers_start(consumers);
    do {
        load_turn(load, TURN_MS);
        now_ns = monotonic_ns();
    } while (consumers->open + consumers->gone < consumers->count &&
             now_ns < start_ns + CONNECT_SECONDS * second_ns);
    printf("{\"connected\": %d, \"gone\": %d, \"seconds\": %.3f}\n", consumers->open,
           consumers->gone, (double)(now_ns - start_ns) / 1e9);
}

/* Sends probes until every consumer has seen one: from now on each hears everything. */
static void load_probe(struct load *load)
{
    uint64_t now_ns = monotonic_ns(), end_ns = now_ns + PROBE_SECONDS * second_ns, next_ns = 0;

    load->probe++;
    load->probed = 0;
    while (load->probed < load->consumers.open && now_ns < end_ns) {
        if (now_ns >= next_ns) {
            publisher_send_probe(&load->publisher);
            next_ns = now_ns + PROBE_PAUSE_MS * 1000000;
        }
        load_turn(load, PROBE_PAUSE_MS);
        now_ns = monotonic_ns();
    }
}

/* How many messages may have been sent in this run by now. */
static double run_due(const struct load *load, uint64_t now_ns)
{
    const struct run *run = &load->run;

    if (run->rate > 0)
        return run->rate * (double)(now_ns - run->start_ns) / 1e9;
    return (double)run->received / load->consumers.count + run->window;
}

static void run_send(struct load *load, uint64_t now_ns)
{
    double due = run_due(load, now_ns) - (load->sent - load->run.first);

    for (int batch = load->publisher.batch; due >= batch; due -= batch) {
        uint64_t sent_ns = monotonic_ns();

        for (int i = 0; i < batch; i++)
            load->sent_ns[(load->sent + (uint32_t)i) % INFLIGHT_MAX] = sent_ns;
        load->sent += (uint32_t)batch;
        publisher_send(&load->publisher, load->sent - (uint32_t)batch);
    }
}

/* When the next message is due; with a window, whenever something arrives. */
static int run_timeout_ms(const struct load *load, uint64_t now_ns)
{
    const struct run *run = &load->run;
    double wait_s = run->rate > 0 ? (load->sent - run->first + load->publisher.batch) / run->rate -
                                        (double)(now_ns - run->start_ns) / 1e9
                                  : 1;

    return wait_s <= 0 ? 0 : wait_s * 1e3 < TURN_MS ? (int)(wait_s * 1e3) + 1 : TURN_MS;
}

static void run_send_all(struct load *load)
{
    struct run *run = &load->run;
    uint64_t now_ns = run->start_ns;

    while (now_ns < run->end_ns) {
        run_send(load, now_ns);
        load_turn(load, run_timeout_ms(load, now_ns));
        now_ns = monotonic_ns();
        if (run->first_counted == UINT32_MAX && now_ns >= run->counted_ns) {
            run->counted_ns = now_ns;
            run->first_counted = load->sent;
            run->received_before = run->received;
        }
    }
    run->end_ns = now_ns;
    run->received_within = run->received - run->received_before;
}

static uint64_t run_missing(const struct load *load)
{
    uint64_t messages = load->sent - load->run.first;

    return messages * (uint64_t)load->consumers.count - load->run.received;
}

static void run_drain(struct load *load)
{
    uint64_t end_ns = monotonic_ns() + DRAIN_SECONDS * second_ns;

    while (run_missing(load) > 0 && load->consumers.gone == 0 && monotonic_ns() < end_ns)
        load_turn(load, TURN_MS);
    for (int i = 0; i < load->consumers.count; i++)
        load->consumers.all[i].next = load->sent;
}

static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void run_print(const struct load *load, double cpu_s)
{
    const struct run *run = &load->run;
    double seconds = (double)(run->end_ns - run->counted_ns) / 1e9;
    double all_seconds = (double)(monotonic_ns() - run->start_ns) / 1e9;

    printf("{\"rate\": %.1f, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"messages\": %u, "
           "\"deliveries\": %llu, \"missing\": %llu, \"disordered\": %llu, \"strange\": %llu, "
           "\"gone\": %d, \"load_cpu\": %.3f}\n",
           (double)run->received_within / seconds, histogram_quantile_ms(&run->times, 0.5),
           histogram_quantile_ms(&run->times, 0.99), histogram_quantile_ms(&run->times, 1),
           load->sent - run->first, (unsigned long long)run->received,
           (unsigned long long)run_missing(load), (unsigned long long)run->disordered,
           (unsigned long long)load->strange, load->consumers.gone, cpu_s / all_seconds);
}

/* Waits for the next tick but one of a clock that ticks so often, and a part of that more. */
static void load_wait(struct load *load, double period_s, double phase)
{
    uint64_t period_ns = (uint64_t)(period_s * 1e9), now_ns = monotonic_ns();
    uint64_t until_ns =
        (now_ns / period_ns + 2) * period_ns + (uint64_t)(phase * (double)period_ns);

    for (; now_ns < until_ns; now_ns = monotonic_ns())
        load_turn(load, (int)((until_ns - now_ns) / 1000000));
}

static void load_run(struct load *load, double seconds, const struct run *plan)
{
    double cpu_s = cpu_seconds();
    uint64_t time_ns = (uint64_t)(seconds * 1e9);

    load_probe(load);
    if (plan->rate > 0)
        load_wait(load, 1 / plan->rate, plan->phase);
    load->strange = 0; /* before the first probe was seen: that Redis had come */
    load->run = *plan;
    load->run.first = load->sent;
    load->run.first_counted = UINT32_MAX;
    load->run.start_ns = monotonic_ns();
    load->run.counted_ns = load->run.start_ns + time_ns / WARM_UP_PARTS;
    load->run.end_ns = load->run.start_ns + time_ns;
    run_send_all(load);
    run_drain(load);
    run_print(load, cpu_seconds() - cpu_s);
}

/* --- acks ------------------------------------------------------------------------------------ */

/* Until it has reached what is wanted. */
static void acks_wait(struct load *load, const int *number, int wanted)
{
    uint64_t end_ns = monotonic_ns() + DRAIN_SECONDS * second_ns;

    while (*number < wanted && monotonic_ns() < end_ns)
        load_turn(load, TURN_MS);
}

static void load_acks(struct load *load)
{
    struct acks *acks = &load->acks;
    uint64_t start_ns;

    acks_wait(load, &acks->held, load->consumers.count);
    start_ns = monotonic_ns();
    acks_send(acks, &load->consumers);
    printf("{\"held\": %d}\n", acks->held);
    acks_wait(load, &acks->acked, acks->held);
    printf("{\"acked\": %d, \"strange\": %llu, \"gone\": %d, \"seconds\": %.3f}\n", acks->acked,
           (unsigned long long)load->strange, load->consumers.gone,
           (double)(monotonic_ns() - start_ns) / 1e9);
}

/* False at the end of the input. */
static bool load_command(struct load *load)
{
    char line[256];
    double seconds;
    struct run plan = {0};

    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    if (sscanf(line, "saturate %lf %lf", &seconds, &plan.window) == 2 ||
        sscanf(line, "pace %lf %lf %lf", &seconds, &plan.rate, &plan.phase) == 3)
        load_run(load, seconds, &plan);
    else if (load->acks.all != NULL && strcmp(line, "acks\n") == 0)
        load_acks(load);
    else
        printf("{\"error\": \"no such command\"}\n");
    return true;
}

static void load_commands(struct load *load)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)STDIN};

    epoll_ctl(load->consumers.epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    do {
        load->input_is_ready = false;
        while (!load->input_is_ready)
            load_turn(load, TURN_MS);
    } while (load_command(load));
}

static void raise_open_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct load *load = memset(xmalloc(sizeof *load), 0, sizeof *load);

    if (argc < 5 || argc > 6 || !address_parse(&load->consumers.address, argv[2])) {
        fprintf(stderr, "usage: fanout-load REDIS ADDRESS PATH CONSUMERS [tags]\n");
        return 1;
    }
    setlinebuf(stdout);
    keys_use_tags(argc == 6);
    raise_open_files();
    load->consumers.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->consumers.path = argv[3];
    load->consumers.count = atoi(argv[4]);
    load->consumers.text = load_text;
    load->consumers.user = load;
    acks_open(&load->acks, argv[3], load->consumers.count);
    publisher_open(&load->publisher, argv[1], argv[3]);
    load_connect(load);
    load_commands(load);
    consumers_close(&load->consumers);
    publisher_close(&load->publisher);
    acks_close(&load->acks);
    free(load);
    return 0;
}
