/* answer.h - what is answered to a request that is refused, or that has failed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_ANSWER_H
#define PROTOCOL_ANSWER_H

#include "base/status.h"
#include "http/response.h"

/* Makes the answer of any status but OK: HTTP status, headers, and the body, which is JSON, or a
 * page that leads to the prefix of restmq.conf where that is not NULL. An earlier body is dropped;
 * earlier headers stay. */
void answer_status(struct response *response, enum status status, const struct reason *reason,
                   const char *page_prefix);

/* As answer_status(), under another HTTP status, and always with a body. */
void answer_error(struct response *response, int http_status, enum status status,
                  const struct reason *reason, const char *page_prefix);

#endif
