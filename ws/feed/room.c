/* room.c - the topics on which somebody is connected here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/room.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void add(struct room *room, struct room **list)
{
    room->next = *list;
    room->link = list;
    if (room->next)
        room->next->link = &room->next;
    *list = room;
}

static void take_out(struct room *room)
{
    *room->link = room->next;
    if (room->next)
        room->next->link = room->link;
}

static struct room *room_new(struct rooms *rooms, const char *topic)
{
    size_t size = strlen(topic) + 1;
    struct room *room = xmalloc(sizeof(*room) + size);
    char *text = (char *)(room + 1);

    *room = (struct room){.topic = text, .rooms = rooms};
    room->end = &room->unsaid;
    memcpy(text, topic, size);
    if (!tsearch(room, &rooms->tree, text_compare))
        abort(); /* out of memory */
    add(room, &rooms->fresh);
    return room;
}

struct room *room_get(struct rooms *rooms, const char *topic)
{
    struct room **found = tfind(&topic, &rooms->tree, text_compare);

    return found ? *found : room_new(rooms, topic);
}

void room_move(struct room *room, struct room **list, enum room_stage stage)
{
    take_out(room);
    add(room, list);
    room->stage = stage;
}

bool room_is_idle(const struct room *room)
{
    return !room->unsaid && !room->said && room->under_way == 0;
}

void room_free(struct room *room)
{
    tdelete(room, &room->rooms->tree, text_compare);
    take_out(room);
    free(room);
}

/* --- who is there ---------------------------------------------------------------------------- */

static void append(struct room *room, struct attendance *attendance)
{
    attendance->next = NULL;
    attendance->link = room->end;
    *room->end = attendance;
    room->end = &attendance->next;
}

static void strike_out(struct attendance *attendance)
{
    struct room *room = attendance->room;

    *attendance->link = attendance->next;
    if (attendance->next)
        attendance->next->link = attendance->link;
    else if (!attendance->is_said)
        room->end = attendance->link;
}

void room_enter(struct room *room, struct attendance *attendance)
{
    attendance->room = room;
    attendance->is_said = false;
    append(room, attendance);
}

void room_say(struct room *room, struct attendance *attendance)
{
    strike_out(attendance);
    attendance->is_said = true;
    attendance->next = room->said;
    attendance->link = &room->said;
    if (attendance->next)
        attendance->next->link = &attendance->next;
    room->said = attendance;
}

void room_leave(struct attendance *attendance)
{
    strike_out(attendance);
    attendance->link = NULL;
}

/* --- all of them ----------------------------------------------------------------------------- */

void room_drop(struct room *room)
{
    if (room->stage == ROOM_FRESH && room_is_idle(room))
        room_free(room);
}

static void renew(struct room *room)
{
    while (room->said) {
        struct attendance *attendance = room->said;

        strike_out(attendance);
        room_enter(room, attendance);
    }
    room_move(room, &room->rooms->fresh, ROOM_FRESH);
    room_drop(room);
}

void rooms_renew(struct rooms *rooms)
{
    struct room **lists[] = {&rooms->listing, &rooms->joining, &rooms->listed, &rooms->due};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        while (*lists[i])
            renew(*lists[i]);
}

void rooms_fall_due(struct rooms *rooms)
{
    if (rooms->due)
        return;
    rooms->due = rooms->listed;
    rooms->listed = NULL;
    if (rooms->due)
        rooms->due->link = &rooms->due;
}

void rooms_clear(struct rooms *rooms)
{
    struct room **lists[] = {&rooms->fresh, &rooms->listing, &rooms->joining, &rooms->listed,
                             &rooms->due};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        while (*lists[i])
            room_free(*lists[i]);
}
