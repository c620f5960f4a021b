/* program.h - what the program is called, and where its settings are.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_PROGRAM_H
#define ADMIN_PROGRAM_H

#define PROGRAM        "restmq"
#define DEFAULT_CONFIG SYSCONFDIR "/restmq/restmq.conf"

#endif
