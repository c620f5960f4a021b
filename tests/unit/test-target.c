/* test-target.c - the setting `redis`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/target.h"

#define FOUR    "a:1,b:2,c:3,d:4"
#define SIXTEEN FOUR "," FOUR "," FOUR "," FOUR
#define FIFTY   "12345678901234567890123456789012345678901234567890"

static const struct {
    const char *text;
    enum target_kind kind;
    int count; /* 0: not taken */
    const char *last;
    int port;
    const char *name;
} rows[] = {
    {"127.0.0.1:6379",                                      TARGET_ONE,      1,  "127.0.0.1",       6379,  ""        },
    {"::1:7",                                               TARGET_ONE,      1,  "::1",             7,     ""        },
    {"unix:/run/redis.sock",                                TARGET_ONE,      1,  "/run/redis.sock", 0,     ""        },
    {"sentinel:7",                                          TARGET_ONE,      1,  "sentinel",        7,     ""        },
    {"sentinel://a:1/mymaster",                             TARGET_SENTINEL, 1,  "a",               1,     "mymaster"},
    {"sentinel://a:1,[::1]:26379/A-z_0.9",                  TARGET_SENTINEL, 2,  "::1",             26379, "A-z_0.9" },
    {"sentinel://" SIXTEEN "/x",                            TARGET_SENTINEL, 16, "d",               4,     "x"       },
    {"cluster://10.0.0.1:6379",                             TARGET_CLUSTER,  1,  "10.0.0.1",        6379,  ""        },
    {"cluster://a_b.example:1,[fe80::1]:65535",             TARGET_CLUSTER,  2,  "fe80::1",         65535, ""        },
    {"cluster://" SIXTEEN,                                  TARGET_CLUSTER,  16, "d",               4,     ""        },
    {"",                                                    TARGET_ONE,      0,  NULL,              0,     NULL      },
    {"localhost",                                           TARGET_ONE,      0,  NULL,              0,     NULL      },
    {"a:1,b:2",                                             TARGET_ONE,      0,  NULL,              0,     NULL      },
    {"sentinel://",                                         TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel:///x",                                       TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://a:1",                                      TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://a:1/",                                     TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://a:1/x/y",                                  TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://a:1/x y",                                  TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://a:1/" FIFTY FIFTY FIFTY,                   TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://a/x",                                      TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://unix:/a/x",                                TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"sentinel://" SIXTEEN ",e:5/x",                        TARGET_SENTINEL, 0,  NULL,              0,     NULL      },
    {"cluster://",                                          TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://a:1,",                                      TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://,a:1",                                      TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://a:1,,b:2",                                  TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://a:1, b:2",                                  TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://a:1/",                                      TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://a:0",                                       TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://a:65536",                                   TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://::1:7",                                     TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://[::1:7",                                    TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://" FIFTY FIFTY FIFTY FIFTY FIFTY "123456:7", TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://unix:/a",                                   TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"cluster://" SIXTEEN ",e:5",                           TARGET_CLUSTER,  0,  NULL,              0,     NULL      },
    {"CLUSTER://a:1",                                       TARGET_ONE,      0,  NULL,              0,     NULL      },
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct target target;
        bool is_taken = target_read(rows[i].text, &target);

        assert_int_equal(target_kind(rows[i].text), rows[i].kind);
        if (is_taken != (rows[i].count > 0))
            fail_msg("%s: %d", rows[i].text, is_taken);
        if (!is_taken)
            continue;
        assert_int_equal(target.kind, rows[i].kind);
        assert_int_equal(target.count, rows[i].count);
        assert_string_equal(target.addresses[target.count - 1].host, rows[i].last);
        assert_int_equal(target.addresses[target.count - 1].port, rows[i].port);
        assert_string_equal(target.name, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
