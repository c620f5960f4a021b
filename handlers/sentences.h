/* sentences.h - what people are told about each route and each option in openapi.json.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_SENTENCES_H
#define HANDLERS_SENTENCES_H

#include "http/row.h"

/* The form of an answer of 200. */
enum answer_kind {
    ANSWERS_JSON,
    ANSWERS_KEY,     /* a message's key, in plain text or JSON */
    ANSWERS_MESSAGE, /* one or an array of them, or, with raw=1, its bytes */
    ANSWERS_TEXT,
    ANSWERS_HTML,
    ANSWERS_FILE,
};

struct route_sentence {
    enum method method;
    const char *resource;
    enum naming naming;
    const char *id; /* such as "takeMessage", for generated clients */
    const char *text;
    enum answer_kind answer;
};

struct option_sentence {
    const char *name;
    const char *resource; /* NULL: wherever no other row fits */
    unsigned methods;     /* likewise; 0: all */
    const char *type;     /* of JSON Schema */
    const char *text;
};

/* Both end with a row of zeros. */
extern const struct route_sentence route_sentences[];
extern const struct option_sentence option_sentences[];

/* NULL: there is none. */
const struct route_sentence *sentence_of_route(const struct row *row);
const struct option_sentence *sentence_of_option(const struct row *row, const char *name,
                                                 size_t len);

#endif
