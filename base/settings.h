/* settings.h - restmq.conf.
 *
 * A new setting takes a member here and a row in the table of settings.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/ini.h"

/* Connections to Redis within TLS; all but is_on and name are files. */
struct redis_tls {
    bool is_on;
    char *ca;   /* whom to believe; "": those that the system believes */
    char *name; /* in Redis's certificate; "": the host that is dialled */
    char *cert; /* "": we have none */
    char *key;
};

/* A login at Redis or at the sentinels; no member is NULL. */
struct account {
    char *user; /* "": none is named */
    char *password_file;
    char *password; /* the first line of that file; "": no login */
};

/* The number of replicas that must have a push, and within how many milliseconds; 0: none. */
struct redis_wait {
    long long replicas;
    long long ms;
};

/* Where restmq-wsd serves what restmq.fcgi does. */
enum rest { REST_OFF, REST_LOCAL, REST_ON };
#define REST_WORDS "off local on"

struct settings {
    char *redis; /* see base/target.h */
    struct redis_tls redis_tls;
    struct account redis_account;
    struct account sentinel_account;
    long long redis_db;
    bool hash_tags; /* see keys_use_tags() in broker/keys.h */
    long long redis_timeout_ms;
    struct redis_wait redis_wait;
    char *prefix; /* "" or "/mq" */
    bool jsonp;
    char *acl;               /* a file; "": there is none */
    bool authkeys;           /* each request needs a key */
    char *origins;           /* that browsers may come from, beside the own host; spaces between */
    char *hosts;             /* accepted values of Host, spaces between; "": see http/origin.h */
    char *trusted_proxies;   /* whose X-Forwarded-For is believed: "loopback", "unix", networks */
    char *log;               /* see log_to() */
    long long max_message;   /* bytes */
    long long max_body;      /* bytes */
    char *listen;            /* of restmq-wsd: addresses as in redis, commas between */
    int rest;                /* enum rest; LOCAL: at loopback addresses and unix sockets */
    long long max_consumers; /* connections of one restmq-wsd */
    long long max_outbox;    /* bytes that wait for one consumer */
    long long max_memory;    /* bytes that one restmq-wsd holds for all of them */
    long long max_websocket; /* bytes of a message that a websocket sends */
    bool deflate;            /* websockets may agree upon permessage-deflate */
    long long deflate_min;   /* bytes: a shorter message is sent as it is */
    long long idempotency_seconds; /* how long an Idempotency-Key is remembered */
    bool no_history;               /* no samples of the queues are taken */
    long long history_bytes;       /* that they take in Redis, of all queues */
    char *metrics_file;            /* where requests are counted; "": in each process */
    long long queue_ttl;           /* seconds after which an unused queue is removed; 0: off */
};

/* Defaults; no member is NULL afterwards.  settings_clear() frees what it owns. */
void settings_init(struct settings *settings);
void settings_clear(struct settings *settings);

/* Reads the file over freshly initialised settings.  False fills the problem and leaves
 * the settings fit for settings_clear() only. */
bool settings_load(struct settings *settings, const char *file, struct file_problem *problem);

/* The setting whose file has a secret that others than its owner and group may read; NULL: none. */
const char *settings_open_secret(const struct settings *settings);

/* May a running program go on with these others?  False fills the text: what needs a restart. */
bool settings_can_follow(const struct settings *settings, const struct settings *old, char *text,
                         size_t size);

/* All effective settings, one "key = value" a line; the password itself is not among them. */
void settings_print(const struct settings *settings, FILE *out);

#endif
