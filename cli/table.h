/* table.h - THE TABLE of the verbs that speak HTTP.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/order.h"

extern const struct verb client_verbs[]; /* the last one has no name */

#endif
