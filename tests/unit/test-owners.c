/* test-owners.c - every call there is: whose keys it has, and where it goes.
 *
 * In place of redis/link.c stands one that looks at what fsck and keyring would send.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <glob.h>
#include <regex.h>

#include "admin/fsck.h"
#include "admin/keyring.h"
#include "admin/move.h"
#include "base/known.h"
#include "base/limits.h"
#include "broker/authkey.h"
#include "broker/browse.h"
#include "broker/catalog.h"
#include "broker/channel.h"
#include "broker/chosen.h"
#include "broker/claim.h"
#include "broker/crossings.h"
#include "broker/find.h"
#include "broker/gauge.h"
#include "broker/helpers.h"
#include "broker/history.h"
#include "broker/hold.h"
#include "broker/index.h"
#include "broker/info.h"
#include "broker/keys.h"
#include "broker/parts.h"
#include "broker/policy.h"
#include "broker/pool.h"
#include "broker/pool_choice.h"
#include "broker/presence.h"
#include "broker/promise.h"
#include "broker/queue.h"
#include "broker/registry.h"
#include "broker/removal.h"
#include "broker/replay.h"
#include "broker/ring.h"
#include "broker/round.h"
#include "broker/sample.h"
#include "broker/scripts.h"
#include "broker/state.h"
#include "broker/stream.h"
#include "broker/sweep.h"
#include "broker/take.h"
#include "broker/tidy.h"
#include "redis/cluster.h"
#include "redis/link.h"
#include "redis/replicas.h"
#include "redis/sentinel.h"
#include "redis/slot.h"
#include "ws/redis/flood.h"

static struct reason reason;

/* --- what was built ------------------------------------------------------------------------ */

/* By name of the script or the command: what all calls of it had. */
static struct seen {
    char name[32];
    unsigned long long strangers, hidden;
} seen[100];
static size_t seen_count;

static void label_of(const struct call *call, char name[32])
{
    size_t len;
    const char *word = call->script ? NULL : call_argument(call, 0, &len);

    if (call->script)
        snprintf(name, 32, "%s", call->script->name);
    else
        snprintf(name, 32, "%.*s", (int)len, word);
}

static struct seen *seen_of(const char *name)
{
    size_t i = 0;

    while (i < seen_count && strcmp(seen[i].name, name) != 0)
        i++;
    if (i == seen_count) {
        assert_true(seen_count < COUNT(seen));
        snprintf(seen[seen_count++].name, sizeof(seen[i].name), "%s", name);
    }
    return &seen[i];
}

/* Is it the name of a key that the call noted as a stranger? */
static bool is_stranger(const struct call *call, const char *text, size_t len)
{
    static const char *const names[] = {"", "foo", "foo.dead", "bar", "bar.dead", "*", "0f"};
    char name[KEY_SIZE];

    for (enum key key = 0; key <= KEY_AUTHKEYS; key++)
        for (size_t i = 0; i < COUNT(names) && call->strangers >> key & 1; i++) {
            keys_write(name, key, names[i]);
            if (strlen(name) == len && memcmp(name, text, len) == 0)
                return true;
        }
    return false;
}

static void expect_at_home(const struct call *call, const char *label, const char *text, size_t len)
{
    if (slot_of_key(text, len) != call_slot(call) && !is_stranger(call, text, len))
        fail_msg("%s: %.*s is in another slot", label, (int)len, text);
}

/* Names in texts stand on lines of their own. */
static void check_text(const struct call *call, const char *label, const char *text, size_t len)
{
    for (size_t at = 0, next; at < len; at = next + 1) {
        const char *end = memchr(text + at, '\n', len - at);
        const char *line = text + at;

        next = end ? (size_t)(end - text) : len;
        if (*line == '{' && next - at > 1 && queue_is_name_byte(line[1]))
            expect_at_home(call, label, line, next - at);
        if (next - at > 7 && memcmp(line, "restmq:", 7) == 0)
            expect_at_home(call, label, line, next - at);
    }
}

/* With names that have hash tags. */
static void check_slots(const struct call *call, const char *label)
{
    for (int i = 0; i < call->count; i++) {
        size_t len;
        const char *text = call_argument(call, i, &len);

        if (i >= call->first_key && i < call->first_key + call->keys)
            expect_at_home(call, label, text, len);
        else
            check_text(call, label, text, len);
    }
}

/* A script whose keys have a tag has one more, with it. */
static void check_guard(const struct call *call, const char *label)
{
    bool has_tag = call->script && (call->owner == OWNER_QUEUE || call->owner == OWNER_TOPIC ||
                                    call->owner == OWNER_POOL || call->owner == OWNER_CHANNEL);

    if ((call->guard.len > 0) != has_tag)
        fail_msg("%s: is there a key that never exists?", label);
    if (has_tag)
        expect_at_home(call, label, call->text.data + call->guard.offset, call->guard.len);
}

static bool has_tags;

static void note(const struct call *call)
{
    char label[32];
    struct seen *of;

    label_of(call, label);
    of = seen_of(label);
    of->strangers |= call->strangers;
    of->hidden |= call->hidden;
    if (call->first_key != (call->script || !call->keys ? 0 : 1))
        fail_msg("%s: its keys begin at argument %d", label, call->first_key);
    if (call->owner == OWNER_NOBODY && (call->keys || call->strangers || call->hidden))
        fail_msg("%s: it has keys and no owner", label);
    if (call->owner != OWNER_NOBODY && call_slot(call) < 0)
        fail_msg("%s: it has an owner and no key", label);
    if (has_tags) {
        check_slots(call, label);
        check_guard(call, label);
    }
}

/* --- the builders -------------------------------------------------------------------------- */

static const struct body bodies[] = {
    {"a", 1},
    {"b", 1}
};
static const struct claim claim = {.key = "foo:1", .key_len = 5, .token = "t", .token_len = 1};
static const struct claim no_token = {.key = "foo:1", .key_len = 5};
static struct claim claim_rows[] = {
    {.key = "foo:1", .key_len = 5, .token = "t", .token_len = 1},
    {.key = "foo:2", .key_len = 5, .token = "u", .token_len = 1},
};
static struct claims claims = {.count = COUNT(claim_rows), .rows = claim_rows};
static struct token_pool pool;
static struct batch batch;
static struct message message;
static struct queue_state queue_states[2];
static long long number;
static bool flag;

static void build_authkey_call(struct call *call, const char *queue)
{
    struct authkey authkey;

    authkey_call(call, queue, strlen(queue), &authkey);
}

static void build_authkey_set_call(struct call *call, const char *queue)
{
    authkey_set_call(call, queue, "{}", 2);
}

static void build_authkey_remove_call(struct call *call, const char *queue)
{
    authkey_remove_call(call, queue);
}

static void build_catalog_page_call(struct call *call, const char *queue)
{
    static struct catalog catalog;

    (void)queue;
    catalog_page_call(call, "0", 1, 10, &catalog);
}

static void build_channel_publish_call(struct call *call, const char *queue)
{
    static struct published published;

    channel_publish_call(call, queue, "x", 1, &published);
}

static void build_channel_tell_call(struct call *call, const char *queue)
{
    static struct published published;

    channel_tell_call(call, queue, "x", 1, &published);
}

static void build_remember_call(struct call *call, const char *queue)
{
    static struct remember remember = {5, 0, 0};

    remember_call(call, queue, &remember);
}

static struct replay replay;

static void build_replay_call(struct call *call, const char *queue)
{
    static struct replay_id id = {"ab", 1, 2};

    replay_call(call, queue, &id, 10, &replay);
}

static void build_replay_look_call(struct call *call, const char *queue)
{
    replay_look_call(call, queue, &replay);
}

static void build_claim_ack_call(struct call *call, const char *queue)
{
    claim_ack_call(call, queue, &claim, &flag);
}

static void build_claim_extend_call(struct call *call, const char *queue)
{
    claim_extend_call(call, queue, &claim, 5, &number);
}

static const struct release given_back = {.delay = 5, .reason = "why", .reason_len = 3};

static void build_claim_release_call(struct call *call, const char *queue)
{
    claim_release_call(call, queue, &claim, &given_back);
}

static void build_claims_ack_call(struct call *call, const char *queue)
{
    claims_ack_call(call, queue, &claims);
}

static void build_claims_extend_call(struct call *call, const char *queue)
{
    claims_extend_call(call, queue, &claims, 5);
}

static void build_claims_release_call(struct call *call, const char *queue)
{
    claims_release_call(call, queue, &claims, &given_back);
}

static void build_find_call(struct call *call, const char *queue)
{
    static struct found found;

    find_call(call, queue, &claim, true, &found);
}

static void build_find_delete_call(struct call *call, const char *queue)
{
    find_delete_call(call, queue, &no_token, false, &flag);
    note(call);
    find_delete_call(call, queue, &claim, false, &flag);
}

static void build_hold_call(struct call *call, const char *queue)
{
    static struct holds holds;
    struct hold_change change = {.is_start = true};

    hold_call(call, queue, &change, &holds);
}

/* A reply of depart.lua, of which each word is told. */
static redisReply *side[] = {TEXT("1 0 0"), TEXT("2"), LIST(TEXT("lease"), TEXT("30")),
                             LIST(TEXT("acked"), TEXT("1"))};
static const redisReply *sides[COUNT(side) * 2];

static struct departure a_departure(void)
{
    for (size_t i = 0; i < COUNT(sides); i++)
        sides[i] = side[i % COUNT(side)];
    return (struct departure){.id = side[1], .counter = side[1], .sides = sides, .sides_count = 2};
}

static void build_move_depart_call(struct call *call, const char *queue)
{
    static struct departure departure;

    move_depart_call(call, queue, &departure);
}

static void build_move_arrive_call(struct call *call, const char *queue)
{
    struct departure departure = a_departure();

    move_arrive_call(call, queue, true, &departure);
}

static void build_move_arrived_call(struct call *call, const char *queue)
{
    struct departure departure = a_departure();

    move_arrived_call(call, queue, ARRIVAL_OVER, &departure);
}

static void build_move_pack_call(struct call *call, const char *queue)
{
    static struct packed packed;

    move_pack_call(call, queue, 1, &packed);
}

static void build_move_unpack_call(struct call *call, const char *queue)
{
    struct departure departure = a_departure();
    struct packed packed = {.reply = side[2]};
    static long long moved;

    move_unpack_call(call, queue, &departure, &packed, &moved);
}

static void build_parts_call(struct call *call, const char *queue)
{
    static struct parts parts;
    static char queues[2][LIMIT_NAME + 1];

    snprintf(queues[0], sizeof(queues[0]), "%s", queue);
    snprintf(queues[1], sizeof(queues[1]), "bar");
    parts_call(call, queues, keys_together(2), &parts);
}

static void build_policy_call(struct call *call, const char *queue)
{
    static struct policy_state state;
    struct policy_change change = {.policy = POLICY_ROUNDROBIN};

    policy_call(call, queue, &change, &state, &reason);
}

static void build_pool_choose_call(struct call *call, const char *queue)
{
    static struct pool_choice choice;

    choice = (struct pool_choice){.pool = queue, .charges = true};
    assert_int_equal(pool_choose_call(call, &choice, &reason), STATUS_OK);
    note(call);
    choice = (struct pool_choice){.pool = queue, .rings = rings_new(), .key = "k", .key_len = 1};
    assert_int_equal(pool_choose_call(call, &choice, &reason), STATUS_OK);
    rings_free(choice.rings);
}

static void build_pool_list_call(struct call *call, const char *queue)
{
    static struct json_object *rows;

    pool_list_call(call, queue, &rows);
}

static void build_pool_names_call(struct call *call, const char *queue)
{
    static struct catalog catalog;

    (void)queue;
    pool_names_call(call, "0", 1, 10, &catalog);
}

static void build_pool_count_call(struct call *call, const char *queue)
{
    static long long count;

    pool_count_call(call, queue, &count);
}

static void build_pool_update_call(struct call *call, const char *queue)
{
    static struct pool_update update;

    update = (struct pool_update){.pool = queue, .server = "s", .has_score = true};
    assert_int_equal(pool_update_call(call, &update, &reason), STATUS_OK);
}

static void build_pool_remove_call(struct call *call, const char *queue)
{
    pool_remove_call(call, queue, "s", &number);
}

static struct presence presence_of(const char *topic)
{
    return (struct presence){topic, "id", "", "sse", "0f", 1};
}

static void build_presence_join_call(struct call *call, const char *queue)
{
    struct presence presence = presence_of(queue);

    presence_join_call(call, &presence);
}

static void build_presence_leave_call(struct call *call, const char *queue)
{
    struct presence presence = presence_of(queue);

    presence_leave_call(call, &presence);
}

static void build_presence_beat_call(struct call *call, const char *queue)
{
    (void)queue;
    presence_beat_call(call, "0f", true);
}

static void build_presence_about_call(struct call *call, const char *queue)
{
    (void)queue;
    presence_about_call(call, "0f", "{}", 2);
}

static void build_presence_about_read_call(struct call *call, const char *queue)
{
    static const char *text;

    (void)queue;
    presence_about_read_call(call, "0f", &text);
}

static void build_presence_muster_call(struct call *call, const char *queue)
{
    static struct presence_muster muster;

    (void)queue;
    presence_muster_call(call, 1, &muster);
}

static void build_presence_end_call(struct call *call, const char *queue)
{
    (void)queue;
    presence_end_call(call, "0f");
}

static const char *const topics[] = {"foo", "bar"};

static void build_presence_enlist_call(struct call *call, const char *queue)
{
    (void)queue;
    presence_enlist_call(call, "0f", topics, COUNT(topics));
}

static void build_presence_strike_call(struct call *call, const char *queue)
{
    (void)queue;
    presence_strike_call(call, "0f", topics, COUNT(topics));
}

static void build_presence_seen_call(struct call *call, const char *queue)
{
    (void)queue;
    presence_seen_call(call, topics, COUNT(topics));
}

static void build_presence_topics_call(struct call *call, const char *queue)
{
    static struct catalog catalog;

    (void)queue;
    presence_topics_call(call, "0", 1, 10, &catalog);
}

static void build_presence_count_call(struct call *call, const char *queue)
{
    static struct presence_count count;

    presence_count_call(call, queue, &count);
}

static void build_helpers_call(struct call *call, const char *queue)
{
    static struct helpers helpers;

    (void)queue;
    helpers_call(call, &helpers);
}

static void build_tidy_call(struct call *call, const char *queue)
{
    struct tidy tidy = {.helpers_count = 1, .helpers = {"0f"}, .topics_count = 1};

    strcpy(tidy.topics[0], queue);
    while (tidy_call(&tidy, call) && tidy.stage < TIDY_BURY) {
        note(call);
        tidy.stage++;
    }
}

static struct presence_page presence_page;

static void build_presence_list_call(struct call *call, const char *queue)
{
    presence_list_call(call, queue, "0", 1, 10, &presence_page);
}

static void build_promise_probe_call(struct call *call, const char *queue)
{
    (void)queue;
    promise_probe_call(call, NULL);
}

static struct promise promise;

static void build_promise_ping_call(struct call *call, const char *queue)
{
    (void)queue;
    promise_ping_call(call);
}

static void build_promise_info_call(struct call *call, const char *queue)
{
    (void)queue;
    promise_info_call(call, &promise);
}

static void build_promise_config_call(struct call *call, const char *queue)
{
    (void)queue;
    promise_config_call(call, &promise);
}

static void build_cluster_slots_call(struct call *call, const char *queue)
{
    (void)queue;
    cluster_slots_call(call, NULL);
}

static void build_cluster_asking_call(struct call *call, const char *queue)
{
    (void)queue;
    cluster_asking_call(call);
}

static void build_replicas_call(struct call *call, const char *queue)
{
    (void)queue;
    replicas_call(call, &(struct redis_wait){.replicas = 1, .ms = 500});
}

static void build_queue_push_call(struct call *call, const char *queue)
{
    static struct pushed pushed;
    struct push push = {.queue = queue, .bodies = bodies, .count = 2};

    queue_push_call(call, &push, &pushed);
    note(call);
    push.ttl = push.delay = 5;
    push.once = "o";
    push.once_len = 1;
    queue_push_call(call, &push, &pushed);
}

static void build_queue_peek_call(struct call *call, const char *queue)
{
    queue_peek_call(call, queue, true, &message);
}

static void build_queue_redrive_call(struct call *call, const char *queue)
{
    static struct redrive redrive;

    queue_redrive_call(call, queue, 0, &redrive);
}

static void build_queue_purge_call(struct call *call, const char *queue)
{
    queue_purge_call(call, queue, &number);
}

static void build_queue_sweep_call(struct call *call, const char *queue)
{
    queue_sweep_call(call, queue, SWEEP_ALL, &flag);
}

static void build_queue_remove_call(struct call *call, const char *queue)
{
    static struct removal removal;

    queue_remove_call(call, queue, false, NULL, &removal);
}

static void build_queue_remove_unused_call(struct call *call, const char *queue)
{
    static struct removal removal;

    queue_remove_unused_call(call, queue, 5, &removal);
}

static void build_queue_states_call(struct call *call, const char *queue)
{
    const char *queues[] = {queue, "bar"};
    struct queue_states states = {.count = keys_together(2), .states = queue_states};

    queue_states_call(call, queues, &states);
}

static void build_queue_jobs_call(struct call *call, const char *queue)
{
    static struct queue_jobs jobs;

    queue_jobs_call(call, queue, &jobs);
}

static struct browse browsing;

static void build_browse_call(struct call *call, const char *queue)
{
    browsing = (struct browse){.queue = queue, .states = "rld", .most = 1};
    browse_call(call, &browsing);
}

static void build_browse_one_call(struct call *call, const char *queue)
{
    browsing = (struct browse){.queue = queue};
    browse_one_call(call, &no_token, &browsing);
}

static void build_chosen_revive_call(struct call *call, const char *queue)
{
    chosen_revive_call(call, queue, &claims, -1);
}

static void build_chosen_discard_call(struct call *call, const char *queue)
{
    chosen_discard_call(call, queue, &claims, 5);
}

static const struct round_look *seen_at(const char *queue);

static void build_quick_call(struct call *call, const char *queue)
{
    static struct quick quick;
    const struct round_look *look = seen_at(queue);

    quick = (struct quick){
        .count = look->count, .names = look->names, .asks_for_more = keys_have_tags()};
    quick_call(call, &quick);
}

static void build_gauges_call(struct call *call, const char *queue)
{
    static struct gauges gauges;
    const struct round_look *look = seen_at(queue);

    gauges.count = look->count;
    for (int i = 0; i < look->count; i++)
        gauges.names[i] = look->names[i];
    gauges_call(call, &gauges);
}

static void build_samples_call(struct call *call, const char *queue)
{
    static struct queue_samples samples;
    const struct round_look *look = seen_at(queue);

    samples = (struct queue_samples){.count = look->count};
    for (int i = 0; i < look->count; i++)
        samples.samples[i].queue = look->names[i];
    samples_call(call, &samples);
}

static void build_sample_forget_call(struct call *call, const char *queue)
{
    sample_forget_call(call, queue, true);
}

static void build_histories_call(struct call *call, const char *queue)
{
    static struct histories histories;
    const struct round_look *look = seen_at(queue);
    const char *names[2];

    histories = (struct histories){.count = look->count};
    for (int i = 0; i < look->count; i++)
        names[i] = look->names[i];
    histories_call(call, names, &histories);
}

static void build_index_call(struct call *call, const char *queue)
{
    static struct index index;

    (void)queue;
    index_call(call, &index);
}

static void build_index_chunk_call(struct call *call, const char *queue)
{
    static const struct buffer lines = {.data = "x", .len = 1};

    (void)queue;
    index_chunk_call(call, "0f", 1, &lines);
}

static void build_index_publish_call(struct call *call, const char *queue)
{
    static struct index_publishing publishing = {.who = "0f"};

    (void)queue;
    index_publish_call(call, &publishing);
}

static void build_index_runs_call(struct call *call, const char *queue)
{
    static struct index_runs runs;

    (void)queue;
    index_runs_call(call, &runs);
}

static void build_fill_call(struct call *call, const char *queue)
{
    static struct fill fill;

    (void)queue;
    fill_call(call, &fill);
}

static void build_round_elect_call(struct call *call, const char *queue)
{
    (void)queue;
    round_elect_call(call, "0f", &flag);
}

static void build_round_page_call(struct call *call, const char *queue)
{
    static struct round_page page;

    (void)queue;
    round_page_call(call, &page);
}

static struct round_look *look_at(const char *queue)
{
    static struct round_look look;
    static char names[2][LIMIT_NAME + 1];

    snprintf(names[0], sizeof(names[0]), "%s", queue);
    snprintf(names[1], sizeof(names[1]), "bar");
    look = (struct round_look){.count = keys_together(2),
                               .names = (const char(*)[LIMIT_NAME + 1]) names};
    look.bits[0] = look.bits[1] = ROUND_UNKNOWN;
    return &look;
}

static const struct round_look *seen_at(const char *queue)
{
    return look_at(queue);
}

static void build_round_glance_call(struct call *call, const char *queue)
{
    round_glance_call(call, look_at(queue));
}

static void build_round_look_call(struct call *call, const char *queue)
{
    round_look_call(call, look_at(queue));
}

static void build_round_unused_call(struct call *call, const char *queue)
{
    round_unused_call(call, look_at(queue), 5);
}

static void build_round_note_call(struct call *call, const char *queue)
{
    round_note_call(call, look_at(queue), 0);
}

static void build_sentinel_master_call(struct call *call, const char *queue)
{
    static struct sentinel_master master = {.name = "mymaster"};

    (void)queue;
    sentinel_master_call(call, &master);
}

static void build_stream_value_call(struct call *call, const char *queue)
{
    (void)queue;
    stream_value_call(call, "foo:17", 6, 10, &message);
}

static void build_stream_settle_call(struct call *call, const char *queue)
{
    static signed char results[STREAM_BATCH];

    stream_settle_call(call, queue, results);
    stream_settle_add(call, SETTLE_ACK, "foo:1", 5, "t");
}

static void build_stream_prolong_call(struct call *call, const char *queue)
{
    static signed char results[STREAM_BATCH];

    stream_prolong_call(call, queue, results);
    stream_prolong_add(call, "foo:1", 5, "t");
}

static void build_stream_states_call(struct call *call, const char *queue)
{
    static struct stream_states states = {
        .is_close = {true, true}
    };
    const char *queues[] = {queue, "bar"};

    states.count = keys_together(2);
    stream_states_call(call, queues, &states);
}

static void build_sweep_call(struct call *call, const char *queue)
{
    static struct sweep sweep;

    sweep_note(&sweep, queue);
    assert_true(sweep_call(&sweep, call, &flag));
}

static void build_take_call(struct call *call, const char *queue)
{
    struct take take = {.queue = queue, .count = 2, .lease = LEASE_BY_POLICY, .pool = &pool};

    take_call(call, &take, &batch);
    note(call);
    take.holder = HOLDER_HELPER;
    take.policy = POLICY_BROADCAST;
    take_call(call, &take, &batch);
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, build_##name                                                                        \
    }
static const struct {
    const char *name;
    void (*build)(struct call *call, const char *queue);
} builders[] = {
    ROW(authkey_call),
    ROW(authkey_remove_call),
    ROW(authkey_set_call),
    ROW(catalog_page_call),
    ROW(channel_publish_call),
    ROW(channel_tell_call),
    ROW(remember_call),
    ROW(replay_call),
    ROW(replay_look_call),
    ROW(claim_ack_call),
    ROW(claim_extend_call),
    ROW(claim_release_call),
    ROW(claims_ack_call),
    ROW(claims_extend_call),
    ROW(claims_release_call),
    ROW(find_call),
    ROW(find_delete_call),
    ROW(hold_call),
    ROW(move_arrive_call),
    ROW(move_arrived_call),
    ROW(move_depart_call),
    ROW(move_pack_call),
    ROW(move_unpack_call),
    ROW(parts_call),
    ROW(policy_call),
    ROW(pool_choose_call),
    ROW(pool_count_call),
    ROW(pool_list_call),
    ROW(pool_names_call),
    ROW(pool_remove_call),
    ROW(pool_update_call),
    ROW(presence_about_call),
    ROW(presence_about_read_call),
    ROW(presence_beat_call),
    ROW(presence_end_call),
    ROW(presence_join_call),
    ROW(presence_leave_call),
    ROW(presence_list_call),
    ROW(presence_muster_call),
    ROW(presence_topics_call),
    ROW(presence_enlist_call),
    ROW(presence_strike_call),
    ROW(presence_seen_call),
    ROW(presence_count_call),
    ROW(helpers_call),
    ROW(tidy_call),
    ROW(promise_config_call),
    ROW(promise_info_call),
    ROW(promise_ping_call),
    ROW(promise_probe_call),
    ROW(queue_jobs_call),
    ROW(browse_call),
    ROW(chosen_revive_call),
    ROW(chosen_discard_call),
    ROW(browse_one_call),
    ROW(queue_peek_call),
    ROW(queue_purge_call),
    ROW(queue_push_call),
    ROW(queue_redrive_call),
    ROW(queue_remove_call),
    ROW(queue_remove_unused_call),
    ROW(queue_states_call),
    ROW(queue_sweep_call),
    ROW(cluster_slots_call),
    ROW(cluster_asking_call),
    ROW(replicas_call),
    ROW(fill_call),
    ROW(gauges_call),
    ROW(histories_call),
    ROW(index_call),
    ROW(index_chunk_call),
    ROW(index_publish_call),
    ROW(index_runs_call),
    ROW(quick_call),
    ROW(sample_forget_call),
    ROW(samples_call),
    ROW(round_elect_call),
    ROW(round_glance_call),
    ROW(round_look_call),
    ROW(round_note_call),
    ROW(round_page_call),
    ROW(round_unused_call),
    ROW(sentinel_master_call),
    ROW(stream_prolong_call),
    ROW(stream_settle_call),
    ROW(stream_states_call),
    ROW(stream_value_call),
    ROW(sweep_call),
    ROW(take_call),
};

/* --- those of the tools -------------------------------------------------------------------- */

/* Answers so that fsck finds a body without an entry, and goes on. */
enum status link_run(struct link *link, struct call *call, struct reason *why)
{
    char label[32];
    size_t len;
    const char *word;

    (void)link;
    note(call);
    label_of(call, label);
    word = call_argument(call, call->keys < call->count ? call->keys : 0, &len);
    if (strcmp(label, "queues") == 0)
        return call->decode(call, LIST(TEXT("0"), LIST(TEXT("foo")), NUMBER(1)), why);
    if (strcmp(label, "SCAN") == 0)
        return call->decode(call, LIST(TEXT("0"), LIST()), why);
    if (strcmp(label, "exists") == 0)
        return call->decode(call, TEXT("1111111111"), why);
    if (strcmp(label, "bodies") == 0)
        return call->decode(call, TEXT("111"), why);
    if (strcmp(label, "page") == 0 && len == 3 && memcmp(word, "GET", 3) == 0)
        return call->decode(call, TEXT("3"), why);
    if (strcmp(label, "page") == 0 && len == 5 && memcmp(word, "HSCAN", 5) == 0)
        return call->decode(call, LIST(TEXT("0"), LIST()), why);
    if (strcmp(label, "page") == 0)
        return call->decode(call, LIST(), why);
    if (strcmp(label, "SMEMBERS") == 0)
        return call->decode(call, LIST(TEXT("foo")), why);
    if (strcmp(label, "GET") == 0)
        return call->decode(call, NIL, why);
    if (strcmp(label, "SET") == 0)
        return call->decode(call, SIMPLE("OK"), why);
    return call->decode(call, NUMBER(strcmp(label, "sweep") != 0), why);
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    for (int i = 0; i < count; i++)
        errands[i].status = link_run(link, &errands[i].call, &errands[i].reason);
}

static void run_tools(void)
{
    static const struct keyring_order orders[] = {
        {.action = KEYRING_ADD,    .is_read = true, .queues = "*"},
        {.action = KEYRING_LIST                       },
        {.action = KEYRING_REMOVE, .is_read = true                 },
    };
    struct fsck_options options = {.repair = true, .grace_seconds = 0};
    FILE *in = fmemopen("foo\nfoo\n", 8, "r"), *out = fopen("/dev/null", "w");
    long long problems;

    assert_true(in && out);
    assert_int_equal(fsck_run(NULL, &options, out, &problems, &reason), STATUS_OK);
    for (size_t i = 0; i < COUNT(orders); i++)
        assert_int_equal(keyring_run(NULL, &orders[i], in, out, &reason), STATUS_OK);
    fclose(in);
    fclose(out);
}

/* --- all of them --------------------------------------------------------------------------- */

static void build_flood(void)
{
    struct flood flood = {0};

    flood_begin(&flood, 7);
    flood_heard(&flood, NULL, 1 << 20);
    note(flood_ask(&flood));
    flood_clear(&flood);
}

/* What runs behind a call that was answered so, and behind that, which is answered by "1". */
static void note_behind(struct call *call, redisReply *reply, struct known *known)
{
    struct call others[2] = {{0}}, *other = others;

    for (int i = 1; i < 9; i++) {
        call->reply = reply;
        if (!call_after(call, known, other))
            break;
        note(other);
        call->reply = NULL;
        call = other;
        other = &others[i % 2];
        reply = NUMBER(1);
    }
    call->reply = NULL;
    call_clear(&others[0]);
    call_clear(&others[1]);
}

/* See registry.h. */
static void build_listing(void)
{
    static struct removal removal;
    struct known known = {0};
    struct call call = {0}, other = {0};

    build_queue_push_call(&call, "foo");
    if (call_before(&call, &known, &other))
        note(&other);
    note_behind(&call, NUMBER(-1), &known);
    for (int i = 0; i < 2; i++) {
        queue_remove_call(&call, i ? "foo" : "foo.dead", false, NULL, &removal);
        note_behind(&call, LIST(NUMBER(1)), &known);
    }
    build_pool_update_call(&call, "foo");
    if (call_before(&call, &known, &other))
        note(&other);
    build_pool_remove_call(&call, "foo");
    note_behind(&call, NUMBER(1), &known);
    known_clear(&known);
    call_clear(&call);
    call_clear(&other);
}

static void build_all(bool with_tags)
{
    static const char *const queues[] = {"foo", "foo.dead"};
    struct call call = {0};

    keys_use_tags(with_tags);
    has_tags = with_tags;
    seen_count = 0;
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < COUNT(builders); i++)
        for (size_t q = 0; q < COUNT(queues); q++) {
            builders[i].build(&call, queues[q]);
            note(&call);
        }
    run_tools();
    build_flood();
    build_listing();
    keys_use_tags(false);
    call_clear(&call);
    batch_clear(&batch);
}

/* What the table says of a call. */
static struct seen listed_for(const char *name)
{
    struct seen listed = {.name = ""};
    int other = has_tags ? CROSSING_UNTAGGED : CROSSING_TAGGED;

    for (const struct crossing *crossing = crossings; crossing->call; crossing++)
        if (strcmp(crossing->call, name) == 0 && (int)crossing->when != other) {
            listed.strangers |= crossing->strangers;
            listed.hidden |= crossing->hidden;
        }
    return listed;
}

/* An unlisted crossing fails, and one that is listed and not there. */
static void crossings_are_listed(void **state)
{
    (void)state;
    for (int with_tags = 0; with_tags <= 1; with_tags++) {
        build_all(with_tags);
        for (size_t i = 0; i < seen_count; i++) {
            struct seen listed = listed_for(seen[i].name);

            if (seen[i].strangers != listed.strangers)
                fail_msg("%s: keys of other owners %llx, listed %llx", seen[i].name,
                         seen[i].strangers, listed.strangers);
            if (seen[i].hidden != listed.hidden)
                fail_msg("%s: hidden keys %llx, listed %llx", seen[i].name, seen[i].hidden,
                         listed.hidden);
        }
        for (const struct crossing *crossing = crossings; crossing->call; crossing++) {
            size_t before = seen_count;

            seen_of(crossing->call);
            if (seen_count != before)
                fail_msg("%s: it is listed, and there is no such call", crossing->call);
        }
    }
}

static void every_script_is_built(void **state)
{
    (void)state;
    build_all(true);
    for (const struct script *const *script = all_scripts; *script; script++) {
        size_t before = seen_count;

        seen_of((*script)->name);
        if (seen_count != before)
            fail_msg("%s: no call of it was built", (*script)->name);
    }
}

/* What begins a call and is no builder of a header: called by one, by the tools or by
 * build_flood(). */
static const char *const inner[] = {
    "begin",                                                        /* removal.c, take.c */
    "begin_unused",                                                 /* round.c */
    "flood_ask",                                                    /* flood.c */
    "mend_call",                                                    /* fsck.c */
    "survey_bodies", "begin_page",                                  /* survey.c */
    "add_call",      "remove_call",      "after_name", "find_pool", /* registry.c */
    "list_pool",     "after_first_look",                            /* registry.c */
    "scan_call",     "ask_set",                                     /* forgotten.c */
    "lowest_call",   "place_call",                                  /* pool.c */
    "change_names",  "list_keys",                                   /* keyring.c */
    "plain_begin",                                                  /* plain.c */
    "change_list",                                                  /* presence.c */
    "build_dead",    "build_listed",     "build_rows", "build_strike", "build_bury", /* tidy.c */
};

static bool is_builder(const char *name)
{
    for (size_t i = 0; i < COUNT(builders); i++)
        if (strcmp(builders[i].name, name) == 0)
            return true;
    return false;
}

static bool is_inner(const char *name)
{
    for (size_t i = 0; i < COUNT(inner); i++)
        if (strcmp(inner[i], name) == 0)
            return true;
    return false;
}

/* Takes the name out of a line with which a function begins. */
static bool read_function(const char *line, const regex_t *head, char name[100])
{
    regmatch_t match[3];

    if (regexec(head, line, 3, match, 0) != 0)
        return false;
    snprintf(name, 100, "%.*s", (int)(match[2].rm_eo - match[2].rm_so), line + match[2].rm_so);
    return true;
}

static bool ends_with_call(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, "_call") == 0;
}

/* A header tells builders by their names; in a .c file, whoever says call_begin() is one. */
static void check_source(const char *name, const regex_t *head, size_t *told)
{
    FILE *file = fopen(name, "r");
    char line[400], function[100] = "";
    bool is_header = name[strlen(name) - 1] == 'h';

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        bool is_head = read_function(line, head, function);

        if (is_head && is_header && ends_with_call(function) && strstr(line, "struct call *")) {
            ++*told;
            if (!is_builder(function))
                fail_msg("%s: %s is not built here", name, function);
        }
        if (!is_head && !is_header && strstr(line, "call_begin(") && !is_builder(function) &&
            !is_inner(function))
            fail_msg("%s: %s is not built here", name, function);
    }
    fclose(file);
}

static void every_builder_is_here(void **state)
{
    static const char *const places[] = {"redis/*.[ch]",    "broker/*.[ch]", "protocol/*.[ch]",
                                         "handlers/*.[ch]", "admin/*.[ch]",  "fcgi/*.[ch]",
                                         "ws/*.[ch]",       "ws/*/*.[ch]"};
    const char *folder = getenv("srcdir");
    char pattern[4096];
    regex_t head;
    glob_t sources;
    size_t told = 0;

    (void)state;
    assert_int_equal(regcomp(&head, "^[a-z].*( |\\*)([a-z_]+)\\(.*", REG_EXTENDED), 0);
    for (size_t i = 0; i < COUNT(places); i++) {
        snprintf(pattern, sizeof(pattern), "%s/%s", folder ? folder : ".", places[i]);
        assert_int_equal(glob(pattern, i ? GLOB_APPEND : 0, NULL, &sources), 0);
    }
    for (size_t i = 0; i < sources.gl_pathc; i++)
        check_source(sources.gl_pathv[i], &head, &told);
    assert_int_equal(told, COUNT(builders));
    globfree(&sources);
    regfree(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossings_are_listed),
        cmocka_unit_test(every_script_is_built),
        cmocka_unit_test(every_builder_is_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
