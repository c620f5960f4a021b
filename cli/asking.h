/* asking.h - verbs that ask once and print the answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_ASKING_H
#define CLI_ASKING_H

#include "cli/client.h"
#include "cli/target.h"

struct asking {
    const struct order *order;
    struct client *client;
    struct target target;
    struct answer answer;
};

/* False: *outcome says how the program ends. */
bool asking_begin(struct asking *asking, const struct order *order, enum outcome *outcome);

/* Sends a request with no body to what the target says.  DONE: the answer is there; else it was
 * told why not. */
enum outcome asking_send(struct asking *asking, const char *method, enum repeat repeat);

/* Goes through all pages of the target: the function gets each answer.  The target is changed. */
typedef void asking_page(void *user, const struct answer *answer);
enum outcome asking_pages(struct asking *asking, asking_page *page, void *user);
void asking_end(struct asking *asking);

/* Prints the answer as it is with --json, and says so. */
bool asking_print_json(const struct asking *asking);

/* May it be done?  Asks the person at the terminal, unless the option is there; where there is
 * nobody to ask that is none. */
bool asking_is_sure(const struct order *order, int option, const char *question, ...)
    __attribute__((format(printf, 3, 4)));

#endif
