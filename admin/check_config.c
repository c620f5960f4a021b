/* check_config.c - restmq check-config: the settings, and whether Redis answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "admin/daemons.h"
#include "admin/verbs.h"
#include "protocol/check.h"

enum outcome check_config_verb(const struct order *order)
{
    struct config config;
    struct access access = {0};
    struct file_problem problem;
    enum outcome outcome = OUTCOME_FAILED;

    if (!order_settings(order, &config))
        return OUTCOME_FAILED;
    if (!access_open(&access, &config.settings, &problem))
        order_fail("%s", problem.text);
    else if ((order->options[ORDER_JSON]
                  ? check_config_json(&config, &access)
                  : check_config(&config, &access, "none, as it serves nobody")) == EXIT_SUCCESS)
        outcome = OUTCOME_DONE;
    access_close(&access);
    config_clear(&config);
    return outcome;
}
