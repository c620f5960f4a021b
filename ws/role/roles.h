/* roles.h - what roles work with beside their connection; made by the wiring, which hands it to all
 * connections.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_ROLES_H
#define WS_ROLE_ROLES_H

#include "ws/net/conn.h"

struct attendances;
struct chats;
struct feeds;
struct gate;
struct helper;
struct helpers;
struct inquiries;
struct rings;
struct sources;
struct speaker;
struct walker;

struct roles {
    struct helper *helper;
    struct feeds *feeds;
    struct sources *hubs; /* of subscribers */
    struct attendances *attendances;
    const struct walker *walker;
    struct rings *rings;
    struct helpers *known; /* those that are alive */
    struct chats *chats;
    const struct speaker *speaker; /* of all chats */
    struct gate *gate;             /* see gate.h */
    struct inquiries *inquiries;   /* see inquiry.h */
};

static inline struct roles *roles_of(const struct conn *conn)
{
    return conn->conns->user;
}

#endif
