/* server.h - the loop: what happens at the end of its turns, timeouts, signals, the end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_SERVER_H
#define WS_SERVER_H

struct access;
struct config;

/* Runs until it is told to stop; the exit code.  Takes over the access rules. */
int server_run(struct config *config, const struct access *access);

#endif
