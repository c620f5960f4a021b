/* verbs.h - the verbs of restmq; what each is asked for stands in its row in main.c, where the
 * options have the order of these enums.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_VERBS_H
#define ADMIN_VERBS_H

#include "cli/order.h"

enum { AUTHKEY_QUEUES, AUTHKEY_PRIVS, AUTHKEY_NAME };
verb_work authkey_verb;

verb_work check_config_verb;

enum { CLUSTER_REDIS };
verb_work cluster_verb;

enum { FSCK_REPAIR, FSCK_GRACE };
verb_work fsck_verb;

enum { HANDSHAKE_JSON };
verb_work handshake_verb;

enum { RETAG_TO, RETAG_TO_CONFIG, RETAG_WAIT };
verb_work retag_verb;

#endif
