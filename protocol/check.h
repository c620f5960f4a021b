/* check.h - what --check-config of a program that serves prints.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_CHECK_H
#define PROTOCOL_CHECK_H

#include "base/config.h"
#include "http/access.h"

/* Prints the settings, the access rules, the sockets that the program listens on, its user, and
 * whether Redis answers.  The exit code: a file that is not as it should be is a failure; Redis may
 * still be away. */
int check_config(const struct config *config, const struct access *access, const char *sockets);

/* The same, as an object of JSON in a line; there are no sockets. */
int check_config_json(const struct config *config, const struct access *access);

#endif
