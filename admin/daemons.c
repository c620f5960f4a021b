/* daemons.c - the settings of restmq.fcgi and restmq-wsd.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/daemons.h"

#include "broker/keys.h"
#include "cli/program.h"
#include "redis/tls.h"

bool order_settings_of(const char *named, struct config *config)
{
    struct file_problem problem;
    const char *file = named ? named : DEFAULT_CONFIG;

    if (config_open(config, file, !named, &problem) &&
        config_must_pass(config, tls_check, &problem)) {
        keys_use_tags(config->settings.hash_tags);
        return true;
    }
    order_fail("%s", problem.text);
    return false;
}

bool order_settings(const struct order *order, struct config *config)
{
    return order_settings_of(order->options[ORDER_CONFIG], config);
}
