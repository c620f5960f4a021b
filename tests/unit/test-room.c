/* test-room.c - topics with somebody, and who is there.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/feed/room.h"

static struct rooms rooms;

static int clear(void **state)
{
    (void)state;
    rooms_clear(&rooms);
    assert_null(rooms.tree);
    return 0;
}

/* The topics of a list, "b a "; each stands where its link says. */
static const char *topics(struct room *const *list)
{
    static char text[200];

    *text = '\0';
    for (struct room *room = *list; room; list = &room->next, room = room->next) {
        assert_ptr_equal(room->link, list);
        strcat(text, room->topic);
        strcat(text, " ");
    }
    return text;
}

/* The numbers of those who are to join, and of those who have, "1 2 |3 ". */
static const char *who(const struct room *room)
{
    static char text[200];
    struct attendance *const *lists[] = {&room->unsaid, &room->said};

    *text = '\0';
    for (int i = 0; i < 2; i++) {
        struct attendance *const *at = lists[i];

        for (; *at; at = &(*at)->next) {
            assert_ptr_equal((*at)->link, at);
            assert_ptr_equal((*at)->room, room);
            assert_int_equal((*at)->is_said, i);
            sprintf(text + strlen(text), "%llu ", (*at)->number);
        }
        if (i == 0) {
            assert_ptr_equal(room->end, at);
            strcat(text, "|");
        }
    }
    return text;
}

static void a_topic_has_one_room(void **state)
{
    char topic[] = "orders";
    struct room *room = room_get(&rooms, topic), *other = room_get(&rooms, "order");

    (void)state;
    topic[0] = 'x'; /* it has a copy */
    assert_string_equal(room->topic, "orders");
    assert_ptr_equal(room_get(&rooms, "orders"), room);
    assert_ptr_not_equal(other, room);
    assert_int_equal(room->stage, ROOM_FRESH);
    assert_true(room_is_idle(room));
    assert_string_equal(topics(&rooms.fresh), "order orders ");
    room_free(room);
    assert_string_equal(topics(&rooms.fresh), "order ");
    assert_ptr_equal(room_get(&rooms, "order"), other);
}

static void many_rooms_are_found(void **state)
{
    struct room *made[500];
    char topic[20];

    (void)state;
    for (int i = 0; i < 500; i++) {
        sprintf(topic, "t%d", i * 7919 % 500);
        made[i * 7919 % 500] = room_get(&rooms, topic);
    }
    for (int i = 0; i < 500; i += 2)
        room_free(made[i]);
    for (int i = 1; i < 500; i += 2) {
        sprintf(topic, "t%d", i);
        assert_ptr_equal(room_get(&rooms, topic), made[i]);
    }
}

static void a_room_goes_from_list_to_list(void **state)
{
    struct room *a = room_get(&rooms, "a"), *b = room_get(&rooms, "b"), *c = room_get(&rooms, "c");

    (void)state;
    room_move(b, &rooms.listing, ROOM_LISTING);
    assert_string_equal(topics(&rooms.fresh), "c a ");
    assert_string_equal(topics(&rooms.listing), "b ");
    room_move(a, &rooms.listing, ROOM_LISTING);
    room_move(c, &rooms.listing, ROOM_LISTING);
    assert_null(rooms.fresh);
    assert_string_equal(topics(&rooms.listing), "c a b ");
    room_move(b, &rooms.joining, ROOM_LISTED);
    room_move(c, &rooms.joining, ROOM_LISTED);
    room_move(a, &rooms.listed, ROOM_LISTED);
    assert_null(rooms.listing);
    assert_string_equal(topics(&rooms.joining), "c b ");
    assert_string_equal(topics(&rooms.listed), "a ");
    assert_int_equal(a->stage, ROOM_LISTED);
}

/* Who is to join keeps the order, whoever goes from the middle, the beginning or the end. */
static void who_comes_first_joins_first(void **state)
{
    struct attendance all[] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    struct room *room = room_get(&rooms, "a");

    (void)state;
    for (int i = 0; i < 4; i++)
        room_enter(room, &all[i]);
    assert_string_equal(who(room), "0 1 2 3 |");
    assert_false(room_is_idle(room));
    room_leave(&all[1]);
    assert_null(all[1].link);
    assert_string_equal(who(room), "0 2 3 |");
    room_leave(&all[3]);
    assert_string_equal(who(room), "0 2 |");
    room_enter(room, &all[1]);
    assert_string_equal(who(room), "0 2 1 |");
    room_leave(&all[0]);
    room_leave(&all[2]);
    room_leave(&all[1]);
    assert_string_equal(who(room), "|");
    assert_true(room_is_idle(room));
    room_enter(room, &all[3]);
    assert_string_equal(who(room), "3 |");
    room_leave(&all[3]);
}

static void who_has_joined_stands_elsewhere(void **state)
{
    struct attendance all[] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct room *room = room_get(&rooms, "a");

    (void)state;
    for (int i = 0; i < 3; i++)
        room_enter(room, &all[i]);
    room_say(room, &all[2]); /* the last one: others are appended where it was */
    assert_string_equal(who(room), "0 1 |2 ");
    room_say(room, &all[0]);
    assert_string_equal(who(room), "1 |0 2 ");
    room_say(room, &all[1]);
    assert_string_equal(who(room), "|1 0 2 ");
    room_leave(&all[2]); /* the end of those who have joined is not the other end */
    assert_string_equal(who(room), "|1 0 ");
    room_enter(room, &all[2]);
    assert_string_equal(who(room), "2 |1 0 ");
    room_leave(&all[0]);
    room_leave(&all[1]);
    room_leave(&all[2]);
    assert_true(room_is_idle(room));
}

static void what_is_under_way_keeps_a_room(void **state)
{
    struct attendance one = {.number = 1};
    struct room *room = room_get(&rooms, "a");

    (void)state;
    room->under_way = 1;
    assert_false(room_is_idle(room));
    room_drop(room);
    assert_ptr_equal(room_get(&rooms, "a"), room);
    room->under_way = 0;
    room_enter(room, &one);
    room_drop(room);
    assert_ptr_equal(rooms.fresh, room);
    room_leave(&one);
    room_move(room, &rooms.listed, ROOM_LISTED);
    room_drop(room); /* Redis knows of it: it must be told first */
    assert_ptr_equal(rooms.listed, room);
    room_move(room, &rooms.fresh, ROOM_FRESH);
    room_drop(room);
    assert_null(rooms.fresh);
    assert_null(rooms.tree);
}

/* Redis has forgotten all: all are to join again, and rooms without anybody go. */
static void all_begins_anew(void **state)
{
    static const char *const names[] = {"fresh", "listing", "joining", "listed", "due", "empty"};
    struct attendance all[] = {{.number = 0}, {.number = 1}, {.number = 2},
                               {.number = 3}, {.number = 4}, {.number = 5}};
    struct room *made[6];

    (void)state;
    for (int i = 0; i < 6; i++) {
        made[i] = room_get(&rooms, names[i]);
        if (i < 5)
            room_enter(made[i], &all[i]);
    }
    room_enter(made[3], &all[5]);
    room_say(made[3], &all[3]);
    room_say(made[4], &all[4]);
    room_move(made[1], &rooms.listing, ROOM_LISTING);
    room_move(made[2], &rooms.joining, ROOM_LISTED);
    room_move(made[3], &rooms.listed, ROOM_LISTED);
    room_move(made[4], &rooms.due, ROOM_LISTED);
    room_move(made[5], &rooms.listed, ROOM_LISTED);
    rooms_renew(&rooms);
    assert_null(rooms.listing);
    assert_null(rooms.joining);
    assert_null(rooms.listed);
    assert_null(rooms.due);
    assert_string_equal(topics(&rooms.fresh), "due listed joining listing fresh ");
    for (int i = 0; i < 5; i++)
        assert_int_equal(made[i]->stage, ROOM_FRESH);
    assert_string_equal(who(made[3]), "5 3 |");
    assert_string_equal(who(made[4]), "4 |");
}

/* A round that lasts longer than its time is not begun again. */
static void all_that_is_listed_falls_due(void **state)
{
    struct room *a = room_get(&rooms, "a"), *b = room_get(&rooms, "b"), *c = room_get(&rooms, "c");

    (void)state;
    rooms_fall_due(&rooms);
    assert_null(rooms.due);
    room_move(a, &rooms.listed, ROOM_LISTED);
    room_move(b, &rooms.listed, ROOM_LISTED);
    rooms_fall_due(&rooms);
    assert_string_equal(topics(&rooms.due), "b a ");
    assert_null(rooms.listed);
    room_move(b, &rooms.listed, ROOM_LISTED);
    room_move(c, &rooms.listed, ROOM_LISTED);
    rooms_fall_due(&rooms);
    assert_string_equal(topics(&rooms.due), "a ");
    assert_string_equal(topics(&rooms.listed), "c b ");
    room_move(a, &rooms.listed, ROOM_LISTED);
    rooms_fall_due(&rooms);
    assert_string_equal(topics(&rooms.due), "a c b ");
}

#define ROOM_TEST(function) cmocka_unit_test_teardown(function, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(a_topic_has_one_room),
        ROOM_TEST(many_rooms_are_found),
        ROOM_TEST(a_room_goes_from_list_to_list),
        ROOM_TEST(who_comes_first_joins_first),
        ROOM_TEST(who_has_joined_stands_elsewhere),
        ROOM_TEST(what_is_under_way_keeps_a_room),
        ROOM_TEST(all_begins_anew),
        ROOM_TEST(all_that_is_listed_falls_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
