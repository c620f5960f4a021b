/* link.h - what a link without a cluster says, for tests that have a link_run() of their own.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_LINK_H
#define TESTS_UNIT_LINK_H

#include "redis/link.h"

int link_masters(struct link *link, struct reason *reason)
{
    (void)link;
    (void)reason;
    return 1;
}

struct link_master link_master(const struct link *link, int number)
{
    (void)link;
    (void)number;
    return (struct link_master){.name = "127.0.0.1:6379"};
}

int link_master_of(const struct link *link, const struct call *call)
{
    (void)link;
    (void)call;
    return 0;
}

enum status link_run_at(struct link *link, int number, struct call *call, struct reason *reason)
{
    (void)number;
    return link_run(link, call, reason);
}

struct link_state link_state(const struct link *link)
{
    (void)link;
    return (struct link_state){.is_cluster = false};
}

#endif
