/* ruling.h - what an endpoint's answer means for the message that was sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_HOOK_RULING_H
#define WS_HOOK_RULING_H

#include <stdbool.h>

enum ruling {
    RULING_ACK,   /* it has been handled */
    RULING_WAIT,  /* this speaks of the endpoint, not of the message: nothing is counted */
    RULING_COUNT, /* it has failed: counted, back by backoff, in the end a dead letter */
    RULING_OFF,   /* the endpoint is gone for good: the hook is switched off */
};

/* status is that of an answer that came, 0: none did.  was_sent says whether a byte of the request
 * went out. */
enum ruling ruling_of(int status, bool was_sent);

#endif
