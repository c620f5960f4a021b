/* verbs.c - the verbs whose work is done elsewhere: authkey and fsck.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/verbs.h"

#include <string.h>

#include "admin/daemons.h"
#include "admin/fsck.h"
#include "admin/keyring.h"
#include "base/number.h"
#include "base/target.h"

static enum outcome manage_keys(const struct config *config, const struct keyring_order *keys)
{
    struct link *link = link_new(&config->settings);
    struct reason reason = {0};
    enum status status = keyring_run(link, keys, stdin, stdout, &reason);

    link_free(link);
    return status == STATUS_OK ? OUTCOME_DONE : order_fail("%s", reason.text);
}

enum outcome authkey_verb(const struct order *order)
{
    struct keyring_order keys = {
        .queues = order->options[AUTHKEY_QUEUES],
        .privs = order->options[AUTHKEY_PRIVS],
        .name = order->options[AUTHKEY_NAME],
        .is_json = order->options[ORDER_JSON],
    };
    enum outcome outcome = OUTCOME_FAILED;
    struct reason reason = {0};
    struct config config;

    if (keyring_order_read(&keys, order->words[0], order->count - 1, order->words + 1, &reason) !=
        STATUS_OK)
        return order_refuse(order, "%s", reason.text);
    if (order_settings(order, &config))
        outcome = manage_keys(&config, &keys);
    config_clear(&config);
    return outcome;
}

static enum outcome check_queues(const struct config *config, const struct fsck_options *options)
{
    struct link *link = link_new(&config->settings);
    struct reason reason = {0};
    long long problems = 0;
    enum status status = fsck_run(link, options, stdout, &problems, &reason);

    link_free(link);
    if (status != STATUS_OK)
        return order_fail("%s", reason.text);
    return problems ? OUTCOME_FAILED : OUTCOME_DONE;
}

enum outcome fsck_verb(const struct order *order)
{
    struct fsck_options options = {.repair = order->options[FSCK_REPAIR],
                                   .is_json = order->options[ORDER_JSON]};
    const char *grace = order->options[FSCK_GRACE];
    enum outcome outcome = OUTCOME_FAILED;
    struct config config;
    long long seconds = 60;

    if (grace && !number_parse(grace, strlen(grace), 0, 3600, &seconds))
        return order_refuse(order, "--grace is a whole number of seconds from 0 to 3600");
    options.grace_seconds = (unsigned)seconds;
    if (order_settings(order, &config)) {
        options.is_cluster = target_kind(config.settings.redis) == TARGET_CLUSTER;
        outcome = check_queues(&config, &options);
    }
    config_clear(&config);
    return outcome;
}
