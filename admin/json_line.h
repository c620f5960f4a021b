/* json_line.h - what a tool tells with --json: objects, each a line.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_JSON_LINE_H
#define ADMIN_JSON_LINE_H

#include <stdio.h>

struct json_object;

/* Members of an object that is being made. */
void json_line_text(struct json_object *object, const char *name, const char *text);
void json_line_number(struct json_object *object, const char *name, long long number);
void json_line_bool(struct json_object *object, const char *name, int value);

/* Writes it as one line, and releases it. */
void json_line_print(struct json_object *object, FILE *out);

#endif
