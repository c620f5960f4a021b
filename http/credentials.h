/* credentials.h - the password or key that a request brings.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_CREDENTIALS_H
#define HTTP_CREDENTIALS_H

#include <stdbool.h>

enum { CREDENTIAL_SIZE = 1024 }; /* longer ones are none */

/* "" where there is none. */
struct credentials {
    bool has_password; /* user and password were given */
    char user[CREDENTIAL_SIZE];
    char password[CREDENTIAL_SIZE];
    char key[CREDENTIAL_SIZE]; /* "Authorization: Bearer" */
};

/* Reads an Authorization header (NULL: none).  A header that cannot be read counts as none. */
void credentials_read(struct credentials *credentials, const char *authorization);

/* Reads user and password from the next cookie auth=user:password in the list, and moves *cookies
 * behind it.  False: there is none left.  A page of a name beside ours, or an older path, may have
 * left one that hides the right one. */
bool credentials_next_cookie(struct credentials *credentials, const char **cookies);

#endif
