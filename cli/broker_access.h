/* broker_access.h - where the broker is, and what it is shown: the URL, a password, a client's key.
 *
 * They come from an option, from the environment or from a file, in this order.  A password or a
 * key never comes from the command line, which everybody on the machine can read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_BROKER_ACCESS_H
#define CLI_BROKER_ACCESS_H

#include <stdbool.h>

#include "cli/order.h"

#define ACCESS_URL  "RESTMQ_URL"
#define ACCESS_KEY  "RESTMQ_AUTHKEY"
#define ACCESS_FILE "restmq/config" /* below XDG_CONFIG_HOME, or ~/.config */

struct access_to {
    char *url;  /* no slash at its end, no user and no password in it */
    char *user; /* NULL: none; so the others */
    char *password;
    char *authkey;
    char *ca;
};

/* False: something is wrong, and *outcome says how the program ends; it was told.  Clear it all the
 * same. */
bool access_read(struct access_to *access, const struct order *order, enum outcome *outcome);
void access_clear(struct access_to *access);

/* Cuts "scheme://user:password@host/path/" into the URL without what is secret, and these, decoded.
 * False: it is no http or https URL; the text says why.  The parts are the caller's to free(). */
bool access_cut_url(const char *text, char **url, char **user, char **password, const char **why);

#endif
