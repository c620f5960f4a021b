/* completion.c - the verb completion: what shells need to complete a command line, from the tables.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cli/command_line.h"
#include "cli/program.h"

static bool is_beside(const struct verb *verb, const struct verb *other)
{
    size_t len = strcspn(verb->name, " ");

    return strncmp(verb->name, other->name, len) == 0 && other->name[len] == ' ';
}

static bool is_family_begun(const struct verb *verb)
{
    for (const struct verb *other = line_next_verb(NULL); other != verb;
         other = line_next_verb(other))
        if (is_beside(verb, other))
            return true;
    return false;
}

/* The second words of a family, which begins with that verb. */
static void print_family(const struct verb *first)
{
    for (const struct verb *verb = first; verb; verb = line_next_verb(verb))
        if (is_beside(first, verb))
            printf("%s%s", verb == first ? "" : " ", strchr(verb->name, ' ') + 1);
}

/* --- bash ----------------------------------------------------------------------------------- */

static void print_names(const struct verb_option *options)
{
    for (; options && options->name; options++)
        printf(" --%s", options->name);
}

static enum outcome print_bash(void)
{
    int first;

    printf("# bash: source <(" PROGRAM " completion bash)\n_" PROGRAM "() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words\n"
           "    local pair=\"$verb ${COMP_WORDS[2]}\"\n"
           "    case $COMP_CWORD/$verb in\n    1/*) words='");
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        if (!strchr(verb->name, ' ') || !is_family_begun(verb))
            printf("%.*s ", (int)strcspn(verb->name, " "), verb->name);
    printf("--help --version --verbs' ;;\n");
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        if (strchr(verb->name, ' ') && !is_family_begun(verb)) {
            printf("    2/%.*s) words='", (int)strcspn(verb->name, " "), verb->name);
            print_family(verb);
            printf("' ;;\n");
        }
    printf("    *)\n        case $pair in\n");
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb)) {
        printf("        '%s'%s) words='", verb->name, strchr(verb->name, ' ') ? "" : "\\ *");
        print_names(verb->options);
        print_names(line_common_options(verb, &first));
        printf("' ;;\n");
    }
    printf("        esac ;;\n    esac\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
           "complete -o bashdefault -o default -F _" PROGRAM " " PROGRAM "\n");
    return OUTCOME_DONE;
}

/* --- zsh ------------------------------------------------------------------------------------ */

/* As it stands between single quotes, within brackets; of several lines the first. */
static void print_quoted(const char *text)
{
    for (; *text && *text != '\n'; text++) {
        if (strchr("[]:\\", *text))
            putchar('\\');
        if (*text == '\'')
            fputs("'\\'", stdout);
        putchar(*text);
    }
}

static void print_arguments(const struct verb_option *options)
{
    for (; options && options->name; options++) {
        printf(" \\\n            '--%s[", options->name);
        print_quoted(options->sentence);
        putchar(']');
        if (options->value)
            printf(":%s:%s", options->value, strcmp(options->value, "FILE") == 0 ? "_files" : "");
        putchar('\'');
    }
}

static void print_described(const struct verb *verb, const char *name)
{
    printf("        '%.*s:", (int)strcspn(name, " "), name);
    print_quoted(verb->sentence);
    puts("'");
}

static void print_zsh_words(void)
{
    printf("    1/*)\n        names=(\n");
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        if (!strchr(verb->name, ' ') || !is_family_begun(verb))
            print_described(verb, verb->name);
    printf("        )\n        _describe verb names ;;\n");
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb)) {
        if (!strchr(verb->name, ' ') || is_family_begun(verb))
            continue;
        printf("    2/%.*s)\n        names=(", (int)strcspn(verb->name, " "), verb->name);
        print_family(verb);
        printf(")\n        _describe verb names ;;\n");
    }
}

static enum outcome print_zsh(void)
{
    int first;

    printf("#compdef " PROGRAM "\n# zsh: source <(" PROGRAM " completion zsh)\n_" PROGRAM "() {\n"
           "    local -a names\n    case $((CURRENT - 1))/$words[2] in\n");
    print_zsh_words();
    printf("    *)\n        case \"$words[2] $words[3]\" in\n");
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb)) {
        printf("        '%s'%s) _arguments", verb->name, strchr(verb->name, ' ') ? "" : "\\ *");
        print_arguments(verb->options);
        print_arguments(line_common_options(verb, &first));
        printf(" \\\n            '*:word:_default' ;;\n");
    }
    printf("        esac ;;\n    esac\n}\ncompdef _" PROGRAM " " PROGRAM "\n");
    return OUTCOME_DONE;
}

enum outcome completion_verb(const struct order *order)
{
    if (strcmp(order->words[0], "bash") == 0)
        return print_bash();
    if (strcmp(order->words[0], "zsh") == 0)
        return print_zsh();
    return order_refuse(order, "completion is for bash or zsh");
}
