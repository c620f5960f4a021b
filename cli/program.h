/* program.h - what the program is called, and where the settings of the daemons are.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#define PROGRAM        "restmq"
#define DEFAULT_CONFIG SYSCONFDIR "/restmq/restmq.conf"

#endif
