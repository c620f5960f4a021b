/* order.c - a command line of restmq.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/order.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/program.h"

enum outcome order_refuse(const struct order *order, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs(PROGRAM ": ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nusage: " PROGRAM " %s %s\n", order->verb->name, order->verb->arguments);
    return OUTCOME_MISUSED;
}

enum outcome order_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs(PROGRAM ": ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return OUTCOME_FAILED;
}

bool order_number(const struct order *order, int option, long long low, long long high,
                  long long *number)
{
    const char *value = order->options[option];

    if (!value || number_parse(value, strlen(value), low, high, number))
        return true;
    order_refuse(order, "--%s is a whole number from %lld to %lld",
                 option == ORDER_PATIENCE ? "patience" : order->verb->options[option].name, low,
                 high);
    return false;
}
