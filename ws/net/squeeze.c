/* squeeze.c - what is deflated for websockets.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/squeeze.h"

#include "ws/codec/deflate.h"
#include "ws/net/turn.h"

/* A byte that is deflated takes as long as so many that are sent. */
enum { DOWN = 16, UP = 4 };

void squeeze_begin(struct squeeze *squeeze, struct turn *turn)
{
    *squeeze = (struct squeeze){.turn = turn, .left = SQUEEZE_TURN};
}

void squeeze_end(struct squeeze *squeeze)
{
    deflater_free(squeeze->deflater);
    buffer_clear(&squeeze->room);
    squeeze->deflater = NULL;
}

static struct deflater *deflater_of(struct squeeze *squeeze)
{
    if (!squeeze->deflater)
        squeeze->deflater = deflater_new();
    return squeeze->deflater;
}

/* Takes the bytes off what this turn may do, if it may. */
static bool has_time(struct squeeze *squeeze, size_t len)
{
    if (squeeze->seen != squeeze->turn->turns) {
        squeeze->seen = squeeze->turn->turns;
        squeeze->left = SQUEEZE_TURN;
    }
    if (len > squeeze->left)
        return false;
    squeeze->left -= len;
    turn_weigh(squeeze->turn, len * DOWN);
    return true;
}

bool squeeze_frame(struct squeeze *squeeze, int window, enum frame_opcode opcode, const char *text,
                   size_t len, struct buffer *out)
{
    char head[FRAME_HEAD];
    size_t head_len;

    buffer_reset(&squeeze->room);
    if (len < squeeze->least || !has_time(squeeze, len) ||
        !deflater_add(deflater_of(squeeze), window, text, len, &squeeze->room))
        return false;
    head_len = frame_head(head, opcode, squeeze->room.len);
    frame_set_deflated(head);
    buffer_add(out, head, head_len);
    buffer_add(out, squeeze->room.data, squeeze->room.len);
    return true;
}

int squeeze_undo(struct squeeze *squeeze, const char *data, size_t len, size_t max,
                 struct buffer *out)
{
    size_t before = out->len;
    int code = deflater_undo(deflater_of(squeeze), data, len, max, out);

    turn_weigh(squeeze->turn, (out->len - before) * UP);
    return code;
}
