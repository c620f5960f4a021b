/* number.c - numbers from text, strictly, and as text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool number_parse(const char *text, size_t len, long long low, long long high, long long *number)
{
    long long value = 0;

    if (len == 0 || len > 18) /* 18 digits cannot overflow */
        return false;
    if (text[0] == '0' && len > 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    if (value < low || value > high)
        return false;
    *number = value;
    return true;
}

size_t number_print(long long number, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    unsigned long long rest = (unsigned long long)number;
    size_t at = sizeof(digits);

    if (number < 0)
        rest = -rest;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    memcpy(text, digits + at, sizeof(digits) - at);
    text[sizeof(digits) - at] = '\0';
    return sizeof(digits) - at;
}

/* Length of the digits that begin here. */
static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

size_t number_real_len(const char *text)
{
    size_t at = *text == '-', more = digits(text + at);

    if (more == 0)
        return 0;
    at += more;
    if (text[at] == '.') {
        more = digits(text + at + 1);
        if (more == 0)
            return 0;
        at += 1 + more;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        size_t sign = text[at + 1] == '-' || text[at + 1] == '+';

        more = digits(text + at + 1 + sign);
        if (more == 0)
            return 0;
        at += 1 + sign + more;
    }
    return at;
}

bool number_parse_real(const char *text, size_t len, double *number)
{
    char copy[64]; /* nobody needs more digits */
    double value;

    if (len == 0 || len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (number_real_len(copy) != len)
        return false;
    value = strtod(copy, NULL);
    if (!isfinite(value))
        return false;
    *number = value == 0 ? 0 : value; /* no minus zero */
    return true;
}

void number_print_real(double number, char *text)
{
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, NUMBER_REAL, "%.*g", precision, number);
        if (strtod(text, NULL) == number)
            return;
    }
}
