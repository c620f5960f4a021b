/* setting.h - one setting of a file: what its value may be, and how it is read and printed.  Which
 * settings there are is settings.c's.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_SETTING_H
#define BASE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The member of a setting is a char * on the heap, a long long, a long long that 0 turns off, a
 * bool, or an int. */
enum setting_kind { KIND_TEXT, KIND_NUMBER, KIND_NUMBER_OR_OFF, KIND_SWITCH, KIND_WORD };

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset; /* of the member in the struct of all settings */
    const char *initial;
    const char *allowed;                 /* what an error says of the values that are allowed */
    long long low, high;                 /* numbers */
    bool (*is_valid)(const char *value); /* texts; NULL: any */
    const char *yes; /* KIND_SWITCH: the word for true; initial is the word for false.  KIND_WORD:
                        the words for 0, 1 and so on, one space between */
};

/* Sets the member at the setting's offset in settings; a text is copied.  False: the value is not
 * allowed, and the member is as it was. */
bool setting_set(void *settings, const struct setting *setting, const char *value);

/* Frees a text. */
void setting_clear(void *settings, const struct setting *setting);

/* Prints the value as the file would have it, without a newline. */
void setting_print(const void *settings, const struct setting *setting, FILE *out);

#endif
