/* question.h - verbs that ask once and print the answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include "cli/client.h"
#include "cli/request_path.h"

struct question {
    const struct order *order;
    struct client *client;
    struct request_path target;
    struct result answer;
};

/* False: *outcome says how the program ends. */
bool question_begin(struct question *question, const struct order *order, enum outcome *outcome);

/* Sends a request with no body to what the target says.  DONE: the answer is there; else it was
 * told why not. */
enum outcome question_send(struct question *question, const char *method, enum repeat repeat);

/* Goes through all pages of the target: the function gets each answer.  The target is changed. */
typedef void question_page(void *user, const struct result *answer);
enum outcome question_pages(struct question *question, question_page *page, void *user);
void question_end(struct question *question);

/* Prints the answer as it is with --json, and says so. */
bool question_print_json(const struct question *question);

/* May it be done?  Asks the person at the terminal, unless the option is there; where there is
 * nobody to ask that is none. */
bool question_is_sure(const struct order *order, int option, const char *question, ...)
    __attribute__((format(printf, 3, 4)));

#endif
