/* setting.c - one setting of a file: what its value may be, and how it is read and printed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/setting.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

static void *member(const void *settings, const struct setting *setting)
{
    return (char *)settings + setting->offset;
}

static bool set_text(void *settings, const struct setting *setting, const char *value)
{
    char **text = member(settings, setting);

    if (setting->is_valid && !setting->is_valid(value))
        return false;
    free(*text);
    *text = xstrdup(value);
    return true;
}

static bool choose(const struct setting *setting, const char *value, bool *chosen)
{
    *chosen = strcmp(value, setting->yes) == 0;
    return *chosen || strcmp(value, setting->initial) == 0;
}

/* Word number i, which no NUL ends; NULL: there are not so many words. */
static const char *word_at(const char *words, int i, size_t *len)
{
    for (; *words; i--) {
        *len = strcspn(words, " ");
        if (i == 0)
            return words;
        words += *len + (words[*len] == ' ');
    }
    return NULL;
}

static bool set_word(const struct setting *setting, const char *value, int *chosen)
{
    const char *word;
    size_t len;

    for (int i = 0; (word = word_at(setting->yes, i, &len)); i++)
        if (text_is(word, len, value)) {
            *chosen = i;
            return true;
        }
    return false;
}

static bool set_number_or_off(const struct setting *setting, const char *value, long long *number)
{
    if (strcmp(value, setting->initial) != 0)
        return number_parse(value, strlen(value), setting->low, setting->high, number);
    *number = 0;
    return true;
}

bool setting_set(void *settings, const struct setting *setting, const char *value)
{
    switch (setting->kind) {
    case KIND_TEXT:
        return set_text(settings, setting, value);
    case KIND_NUMBER:
        return number_parse(value, strlen(value), setting->low, setting->high,
                            member(settings, setting));
    case KIND_NUMBER_OR_OFF:
        return set_number_or_off(setting, value, member(settings, setting));
    case KIND_SWITCH:
        return choose(setting, value, member(settings, setting));
    case KIND_WORD:
        return set_word(setting, value, member(settings, setting));
    }
    return false;
}

void setting_clear(void *settings, const struct setting *setting)
{
    if (setting->kind == KIND_TEXT)
        free(*(char **)member(settings, setting));
}

static void print_number_or_off(const struct setting *setting, long long number, FILE *out)
{
    if (number)
        fprintf(out, "%lld", number);
    else
        fputs(setting->initial, out);
}

static void print_word(const char *words, int i, FILE *out)
{
    size_t len = 0;
    const char *word = word_at(words, i, &len);

    fprintf(out, "%.*s", (int)len, word);
}

void setting_print(const void *settings, const struct setting *setting, FILE *out)
{
    const void *value = member(settings, setting);

    switch (setting->kind) {
    case KIND_TEXT:
        fputs(*(char *const *)value, out);
        break;
    case KIND_NUMBER:
        fprintf(out, "%lld", *(const long long *)value);
        break;
    case KIND_NUMBER_OR_OFF:
        print_number_or_off(setting, *(const long long *)value, out);
        break;
    case KIND_SWITCH:
        fputs(*(const bool *)value ? setting->yes : setting->initial, out);
        break;
    case KIND_WORD:
        print_word(setting->yes, *(const int *)value, out);
        break;
    }
}
