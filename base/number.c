/* number.c - whole numbers from text, strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/number.h"

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
