/* copy.h - export --copy: the messages of a held queue, as they stand there, into a file.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_COPY_H
#define CLI_COPY_H

#include "cli/order.h"

struct message_file;
struct question;

/* All messages of the order's queue, ready, leased and delayed ones, whose lines the file has not.
 * The queue must be one whose takes are held. */
enum outcome copy_messages(struct question *question, struct message_file *file);

#endif
