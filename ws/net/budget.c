/* budget.c - how much the helper holds for its clients.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/budget.h"

#include "base/status.h"

void budget_add(struct budget *budget, size_t bytes)
{
    if (budget)
        budget->used += bytes;
}

void budget_take_off(struct budget *budget, size_t bytes)
{
    if (!budget)
        return;
    budget->used -= bytes;
    budget->freed += bytes;
}

void budget_recount(struct budget *budget, size_t *counted, size_t bytes)
{
    if (bytes > *counted)
        budget_add(budget, bytes - *counted);
    else
        budget_take_off(budget, *counted - bytes);
    *counted = bytes;
}

bool budget_is_full(const struct budget *budget)
{
    return budget->used > budget->limit;
}

bool budget_admits(struct budget *budget, struct reason *reason)
{
    if (!budget->is_exhausted)
        return true;
    budget->refused++;
    refuse(reason, STATUS_UNAVAILABLE, "too much memory is in use (max_memory)");
    return false;
}
