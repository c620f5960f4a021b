/* number.h - numbers from text, strictly, and as text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Decimal digits only: no sign, no white space, no leading zero, within low…high.
 * False, and *number untouched, otherwise. */
bool number_parse(const char *text, size_t len, long long low, long long high, long long *number);

/* The number in decimal digits, after a minus if it is below 0, and a NUL; returns their count.
 * Several times as fast as a format: each request has some numbers. */
enum { NUMBER_TEXT = 21 }; /* bytes that it takes at most, with the NUL */
size_t number_print(long long number, char text[NUMBER_TEXT]);

/* Length of the decimal number that the text, which ends with a NUL, begins with; 0: with none. */
size_t number_real_len(const char *text);

/* A decimal number as JSON writes it: a minus, digits, a fraction, an exponent; leading zeros are
 * allowed.  What a double cannot hold (1e400) is refused, what is too small for it is 0. */
bool number_parse_real(const char *text, size_t len, double *number);

/* The shortest text that is read as the same number, which is finite. */
enum { NUMBER_REAL = 32 };
void number_print_real(double number, char *text);

#endif
