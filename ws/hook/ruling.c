/* ruling.c - what an endpoint's answer means for the message that was sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/hook/ruling.h"

enum ruling ruling_of(int status, bool was_sent)
{
    switch (status) {
    case 0:
        return was_sent ? RULING_COUNT : RULING_WAIT;
    case 410:
        return RULING_OFF;
    case 429:
    case 502:
    case 503:
    case 504:
        return RULING_WAIT;
    default:
        return status >= 200 && status < 300 ? RULING_ACK : RULING_COUNT;
    }
}
