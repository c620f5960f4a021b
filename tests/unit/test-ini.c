/* test-ini.c - "key = value" lines in sections.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include "base/buffer.h"
#include "base/ini.h"

static struct buffer told; /* what the two functions were called with */
static struct file_problem problem;
static const char *bad_word; /* it is complained about */

static void on_section(struct ini *ini, const char *name)
{
    assert_ptr_equal(ini->user, &told);
    buffer_addf(&told, "%d [%s]\n", ini->line, name);
    if (bad_word && strcmp(name, bad_word) == 0)
        ini_complain(ini, "bad section %s", name);
}

static void on_entry(struct ini *ini, const char *section, const char *name, const char *value)
{
    assert_ptr_equal(ini->user, &told);
    buffer_addf(&told, "%d %s|%s|%s\n", ini->line, section, name, value);
    if (bad_word && strcmp(value, bad_word) == 0)
        ini_complain(ini, "bad value %s", value);
}

static int clear_told(void **state)
{
    (void)state;
    buffer_clear(&told);
    bad_word = NULL;
    return 0;
}

static bool read_with(void (*section)(struct ini *ini, const char *name), const char *name)
{
    struct ini ini = {.problem = &problem, .user = &told, .section = section, .entry = on_entry};
    bool is_good;

    buffer_reset(&told);
    memset(&problem, 'x', sizeof(problem));
    is_good = ini_read(&ini, name);
    assert_int_equal(is_good, !ini.failed);
    buffer_add_text(&told, "");
    return is_good;
}

static const char *read_text(const char *text)
{
    write_file(file_name, text);
    assert_true(read_with(on_section, file_name));
    return told.data;
}

/* Behind the file's name. */
static const char *problem_of(const char *text)
{
    size_t name_len = strlen(file_name);

    write_file(file_name, text);
    if (read_with(on_section, file_name))
        fail_msg("accepted: %s", text);
    assert_int_equal(strncmp(problem.text, file_name, name_len), 0);
    return problem.text + name_len;
}

static void entries_come_with_section_and_line(void **state)
{
    (void)state;
    assert_string_equal(read_text("a = 1\n\n# comment\n; comment\n[one:two]\nb=2\nc = \n"),
                        "1 |a|1\n5 [one:two]\n6 one:two|b|2\n7 one:two|c|\n");
    assert_string_equal(read_text(""), "");
    assert_string_equal(read_text("a = 1"), "1 |a|1\n");
    assert_string_equal(read_text("a = b = c\r\n"), "1 |a|b = c\n");
    assert_string_equal(read_text("a = $y$j9T$x ; why\n"), "1 |a|$y$j9T$x\n");
    assert_string_equal(read_text("a = x#y;z\n"), "1 |a|x#y;z\n");
}

static void an_empty_section_is_told_too(void **state)
{
    (void)state;
    assert_string_equal(read_text("[a]\n[b]\n\n[c]\nd = 1\n[a]\n"),
                        "1 [a]\n2 [b]\n4 [c]\n5 c|d|1\n6 [a]\n");
    assert_string_equal(read_text("[]\nd = 1\n"), "1 []\n2 |d|1\n");
}

static void an_indented_line_continues_nothing(void **state)
{
    (void)state;
    assert_string_equal(read_text("a = 1\n  b = 2\n\tc = 3\n \t [s]\n\td = 4\n"),
                        "1 |a|1\n2 |b|2\n3 |c|3\n4 [s]\n5 s|d|4\n");
}

static void where_there_are_no_sections_one_is_a_mistake(void **state)
{
    (void)state;
    write_file(file_name, "a = 1\n[s]\n");
    assert_false(read_with(NULL, file_name));
    assert_non_null(strstr(problem.text, ":2: no sections here: [s]"));
}

static void the_first_complaint_counts(void **state)
{
    (void)state;
    bad_word = "x";
    assert_string_equal(problem_of("a = 1\nb = x\nc = x\nbogus\n"), ":2: bad value x");
    assert_string_equal(problem_of("a = 1\n[x]\nbogus\n"), ":2: bad section x");
    assert_string_equal(problem_of("bogus\na = x\n"), ":2: bad value x");
}

static void what_is_no_setting(void **state)
{
    (void)state;
    assert_string_equal(problem_of("a = 1\nbogus\n"), ":2: not a setting: write key = value");
    assert_string_equal(problem_of("\n[s\n"), ":2: not a setting: write key = value");
    assert_string_equal(problem_of("a = 1 # x\n"),
                        ":1: a: a comment behind a value starts with ';'");
    assert_string_equal(problem_of("a = 1\t# x\n"),
                        ":1: a: a comment behind a value starts with ';'");
    assert_string_equal(problem_of("\na = # x\n"),
                        ":2: a: a comment behind a value starts with ';'");
    assert_string_equal(problem_of("a = #x\n"), ":1: a: a comment behind a value starts with ';'");
}

static void a_long_line_is_refused(void **state)
{
    char text[4096] = "[s]\na = ";
    size_t start = strlen(text);

    (void)state;
    memset(text + start, 'v', sizeof(text) - 1 - start);
    assert_non_null(strstr(problem_of(text), ":2: line too long"));
    memset(text, ' ', sizeof(text) - 1); /* where the rest would be a line of its own */
    memcpy(text + sizeof(text) - 8, "a = 1\n", 6);
    assert_non_null(strstr(problem_of(text), ":1: line too long"));
    memset(text, '[', sizeof(text) - 1);
    assert_non_null(strstr(problem_of(text), ":1: line too long"));
}

/* As a computer that lost its power may leave the end of a file; what follows it in its line would
 * be hidden. */
static void a_nul_byte_is_refused(void **state)
{
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *text;
        size_t len;
        int line;
    } rows[] = {
        {BYTES("\0"),                1},
        {BYTES("\0\0\0"),            1},
        {BYTES("[s]\n\0a = 1"),      2},
        {BYTES("[s]\n\0a = 1\n"),    2},
        {BYTES("[s]\na = 1\0"),      2},
        {BYTES("[s]\na = 1\n\0"),    3},
        {BYTES("[s]\n\0\na = 1\n"),  2},
        {BYTES("[s]\n  \0"),         2},
        {BYTES("[s]\n#\0\na = 1\n"), 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[40];

        snprintf(expected, sizeof(expected), ":%d: a NUL byte", rows[i].line);
        write_bytes(file_name, rows[i].text, rows[i].len);
        assert_false(read_with(on_section, file_name));
        assert_non_null(strstr(problem.text, expected));
    }
}

static void a_long_name_of_a_section_is_not_another_one(void **state)
{
    char text[200] = "[", *name = text + 1;

    (void)state;
    memset(name, 's', 100);
    strcpy(name + 100, "]\na = 1\n");
    write_file(file_name, text);
    read_with(on_section, file_name);
    assert_null(strstr(told.data, "[admin]"));
}

static void a_complaint_may_be_too_long(void **state)
{
    struct ini ini = {.problem = &problem, .file_name = "f", .line = 3};
    char text[2000];

    (void)state;
    memset(text, 'v', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ini_complain(&ini, "%s", text);
    assert_true(ini.failed);
    assert_int_equal(strlen(problem.text), sizeof(problem.text) - 1);
    assert_int_equal(strncmp(problem.text, "f:3: vvv", 8), 0);
    ini = (struct ini){.problem = &problem, .file_name = text};
    ini_complain(&ini, "x");
    assert_true(ini.failed);
    assert_int_equal(strlen(problem.text), sizeof(problem.text) - 1);
}

static void a_file_that_cannot_be_read(void **state)
{
    (void)state;
    assert_false(read_with(on_section, "/nonexistent/acl.conf"));
    assert_string_equal(problem.text, "/nonexistent/acl.conf: No such file or directory");
    assert_false(read_with(on_section, folder));
    assert_non_null(strstr(problem.text, "Is a directory"));
}

#define INI_TEST(function) cmocka_unit_test_teardown(function, clear_told)

int main(void)
{
    const struct CMUnitTest tests[] = {
        INI_TEST(entries_come_with_section_and_line),
        INI_TEST(an_empty_section_is_told_too),
        INI_TEST(an_indented_line_continues_nothing),
        INI_TEST(where_there_are_no_sections_one_is_a_mistake),
        INI_TEST(the_first_complaint_counts),
        INI_TEST(what_is_no_setting),
        INI_TEST(a_long_line_is_refused),
        INI_TEST(a_nul_byte_is_refused),
        INI_TEST(a_long_name_of_a_section_is_not_another_one),
        INI_TEST(a_complaint_may_be_too_long),
        INI_TEST(a_file_that_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
