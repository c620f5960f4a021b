/* order.c - a command line of restmq.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/order.h"

#include <stdarg.h>
#include <stdio.h>

#include "admin/program.h"
#include "broker/keys.h"
#include "redis/tls.h"

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

bool order_settings(const struct order *order, struct config *config)
{
    struct file_problem problem;
    const char *file = order->file ? order->file : DEFAULT_CONFIG;

    if (config_open(config, file, !order->file, &problem) &&
        config_must_pass(config, tls_check, &problem)) {
        keys_use_tags(config->settings.hash_tags);
        return true;
    }
    order_fail("%s", problem.text);
    return false;
}
