/* redrive.h - dead letters that are named by their keys.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_REDRIVE_H
#define HANDLERS_REDRIVE_H

#include "handlers/exchange.h"

/* The messages in the option keys go back to their queue; ends as a handler does. */
enum status begin_redrive_of_chosen(struct exchange *exchange);

#endif
