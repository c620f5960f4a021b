/* test-address.c - where somebody listens.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/address.h"

#define FIFTY "12345678901234567890123456789012345678901234567890"

static const struct {
    const char *text;
    const char *host; /* NULL: no address */
    int port;
} rows[] = {
    {"127.0.0.1:6379",                          "127.0.0.1",                           6379 },
    {"localhost:1",                             "localhost",                           1    },
    {"[::1]:65535",                             "::1",                                 65535},
    {"::1:7",                                   "::1",                                 7    },
    {"unix:/run/redis.sock",                    "/run/redis.sock",                     0    },
    {"unix:/" FIFTY FIFTY "123456",             "/" FIFTY FIFTY "123456",              0    },
    {"unix:/a:7",                               "/a:7",                                0    },
    {FIFTY FIFTY FIFTY FIFTY FIFTY "12345:80",  FIFTY FIFTY FIFTY FIFTY FIFTY "12345", 80   },
    {"unix:/" FIFTY FIFTY "1234567",            NULL,                                  0    },
    {"unix:redis.sock",                         NULL,                                  0    },
    {"unix:",                                   NULL,                                  0    },
    {"",                                        NULL,                                  0    },
    {":",                                       NULL,                                  0    },
    {":80",                                     NULL,                                  0    },
    {"[]:80",                                   NULL,                                  0    },
    {"localhost",                               NULL,                                  0    },
    {"localhost:",                              NULL,                                  0    },
    {"localhost:0",                             NULL,                                  0    },
    {"localhost:65536",                         NULL,                                  0    },
    {"localhost:80x",                           NULL,                                  0    },
    {"localhost:+80",                           NULL,                                  0    },
    {FIFTY FIFTY FIFTY FIFTY FIFTY "123456:80", NULL,                                  0    },
};

static void read_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        bool is_good = address_read(rows[i].text, &address);

        if (is_good != (rows[i].host != NULL))
            fail_msg("%s: %d", rows[i].text, is_good);
        if (!is_good)
            continue;
        assert_string_equal(address.host, rows[i].host);
        assert_int_equal(address.port, rows[i].port);
        assert_int_equal(address.is_unix, rows[i].port == 0);
    }
}

static void printed_and_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address, again;
        char text[ADDRESS_TEXT];

        if (!address_read(rows[i].text, &address))
            continue;
        address_print(&address, text);
        assert_true(address_read(text, &again));
        assert_string_equal(again.host, address.host);
        assert_int_equal(again.port, address.port);
        assert_int_equal(again.is_unix, address.is_unix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_rows),
        cmocka_unit_test(printed_and_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
