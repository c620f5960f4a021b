/* number.h - whole numbers from text, strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Decimal digits only: no sign, no white space, no leading zero, within low…high.
 * False, and *number untouched, otherwise. */
bool number_parse(const char *text, size_t len, long long low, long long high, long long *number);

#endif
