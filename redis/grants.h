/* grants.h - whether a Redis user may run what the programs run.
 *
 * Scripts do not roll back: one that met a forbidden command in the middle would leave something
 * half done.  So each connection asks once, before its first call, and is of no use where a right
 * is missing.  Redis before 7.0 cannot tell, and is believed to have given all.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_GRANTS_H
#define REDIS_GRANTS_H

#include "base/settings.h"

/* The text of a script without keys.  Its answer is OK, or the error "NOPERM this Redis user may
 * not run …" that names the first ten that are missing; ARGV[1] is what grants_of() says. */
extern const char *const grants_text;

/* Further commands, with a space behind each, that these settings need. */
const char *grants_of(const struct settings *settings);

#endif
