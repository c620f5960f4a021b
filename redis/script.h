/* script.h - a script that Redis runs; broker/scripts.h, which is generated, has all of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_SCRIPT_H
#define REDIS_SCRIPT_H

#include <stdbool.h>

struct script {
    const char *name;
    const char *sha; /* hex SHA-1 of the text: Redis's name for it */
    bool changes;    /* false: only reads */
    const char *text;
};

#endif
