/* test-network.c - IP addresses and networks.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/network.h"

static struct ip ip_of(const char *text)
{
    struct ip ip;

    if (!ip_read(text, strlen(text), &ip))
        fail_msg("no address: %s", text);
    return ip;
}

/* --- addresses ------------------------------------------------------------------------------ */

static const struct {
    const char *text, *same; /* NULL: no address */
    bool is_loopback;
} addresses[] = {
    {"10.1.2.3",                                           "::ffff:10.1.2.3",                         false},
    {"::ffff:10.1.2.3",                                    "10.1.2.3",                                false},
    {"::ffff:0a01:0203",                                   "10.1.2.3",                                false},
    {"::FFFF:10.1.2.3",                                    "10.1.2.3",                                false},
    {"[::ffff:10.1.2.3]",                                  "10.1.2.3",                                false},
    {"[10.1.2.3]",                                         "10.1.2.3",                                false},
    {"127.0.0.1",                                          "127.0.0.1",                               true },
    {"127.255.255.254",                                    "127.255.255.254",                         true },
    {"::ffff:127.0.0.1",                                   "127.0.0.1",                               true },
    {"::1",                                                "[::1]",                                   true },
    {"0:0:0:0:0:0:0:1",                                    "::1",                                     true },
    {"::1%lo",                                             "::1",                                     true },
    {"[::1%lo]",                                           "::1",                                     true },
    {"fe80::1%eth0",                                       "fe80::1",                                 false},
    {"::2",                                                "::2",                                     false},
    {"1::1",                                               "1::1",                                    false},
    {"::127.0.0.1",                                        "::7f00:1",                                false}, /* not mapped */
    {"128.0.0.1",                                          "128.0.0.1",                               false},
    {"126.255.255.255",                                    "126.255.255.255",                         false},
    {"::",                                                 "::",                                      false},
    {"0.0.0.0",                                            "0.0.0.0",                                 false},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     false                                                                                                 },
    {"",                                                   NULL,                                      false},
    {"[]",                                                 NULL,                                      false},
    {"[",                                                  NULL,                                      false},
    {"[::1",                                               NULL,                                      false},
    {"::1]",                                               NULL,                                      false},
    {"%lo",                                                NULL,                                      false},
    {"[::1]:80",                                           NULL,                                      false},
    {"10.1.2.3:80",                                        NULL,                                      false},
    {"10.1.2",                                             NULL,                                      false},
    {"10.1.2.3.4",                                         NULL,                                      false},
    {"10.1.2.256",                                         NULL,                                      false},
    {"0x7f.0.0.1",                                         NULL,                                      false},
    {"2130706433",                                         NULL,                                      false},
    {"127.1",                                              NULL,                                      false},
    {" 127.0.0.1",                                         NULL,                                      false},
    {"127.0.0.1 ",                                         NULL,                                      false},
    {"localhost",                                          NULL,                                      false},
    {"unknown",                                            NULL,                                      false},
    {":::1",                                               NULL,                                      false},
    {"1:2:3:4:5:6:7:8:9",                                  NULL,                                      false},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:", NULL,                                      false},
};

static void every_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        const char *text = addresses[i].text;
        struct ip ip, same;

        if (ip_read(text, strlen(text), &ip) != (addresses[i].same != NULL))
            fail_msg("%s", text);
        if (!addresses[i].same)
            continue;
        same = ip_of(addresses[i].same);
        if (memcmp(&ip, &same, sizeof(ip)) != 0 || ip_is_loopback(&ip) != addresses[i].is_loopback)
            fail_msg("%s", text);
    }
}

static void a_text_ends_where_it_is_said_to(void **state)
{
    char *wall = wall_new(100);
    struct ip ip;

    (void)state;
    assert_true(ip_read("127.0.0.19", 9, &ip));
    assert_true(ip_is_loopback(&ip));
    assert_false(ip_read("127.0.0.1\0x", 11, &ip));
    assert_false(ip_read("127.0.0.1\0", 10, &ip));
    assert_true(ip_read(wall_put(wall, "::1", 3), 3, &ip));
    assert_true(ip_read(wall_put(wall, "[::1]", 5), 5, &ip));
    assert_false(ip_read(wall_put(wall, "[", 1), 1, &ip));
    assert_false(ip_read(wall, 0, &ip));
}

/* --- networks ------------------------------------------------------------------------------- */

static const struct {
    const char *network, *address;
    bool is_in;
} members[] = {
    {"all",               "10.1.2.3",        true },
    {"all",               "::1",             true },
    {"10.1.2.3",          "10.1.2.3",        true },
    {"10.1.2.3",          "::ffff:10.1.2.3", true },
    {"::ffff:10.1.2.3",   "10.1.2.3",        true },
    {"10.1.2.3",          "10.1.2.2",        false},
    {"10.1.2.3",          "::a01:203",       false},
    {"10.1.2.3/32",       "10.1.2.3",        true },
    {"10.1.2.3/32",       "10.1.2.2",        false},
    {"10.1.2.2/31",       "10.1.2.3",        true },
    {"10.1.2.2/31",       "10.1.2.4",        false},
    {"10.0.0.0/8",        "10.255.255.255",  true },
    {"10.0.0.0/8",        "11.0.0.0",        false},
    {"10.0.0.0/9",        "10.127.255.255",  true },
    {"10.0.0.0/9",        "10.128.0.0",      false},
    {"172.16.0.0/12",     "172.31.255.255",  true },
    {"172.16.0.0/12",     "172.32.0.0",      false},
    {"0.0.0.0/0",         "255.1.2.3",       true },
    {"0.0.0.0/0",         "::1",             false},
    {"::/0",              "::1",             true },
    {"::/0",              "10.1.2.3",        true },
    {"128.0.0.0/1",       "128.0.0.1",       true },
    {"128.0.0.0/1",       "127.0.0.1",       false},
    {"::ffff:10.0.0.0/8", "10.1.2.3",        true },
    {"::ffff:10.0.0.0/8", "11.1.2.3",        false},
    {"fe80::/10",         "fe80::1%eth0",    true },
    {"fe80::/10",         "febf:ffff::1",    true },
    {"fe80::/10",         "fec0::1",         false},
    {"2001:db8::/32",     "2001:db8:1::1",   true },
    {"2001:db8::/32",     "2001:db9::1",     false},
    {"2001:db8::5/128",   "2001:db8::5",     true },
    {"2001:db8::5/128",   "2001:db8::4",     false},
    {"2001:db8::4/127",   "2001:db8::5",     true },
    {"[2001:db8::5]",     "2001:db8::5",     true },
    {"192.168.0.",        "192.168.0.255",   true },
    {"192.168.0.",        "192.168.1.0",     false},
    {"192.168.",          "192.168.255.1",   true },
    {"192.168.",          "192.169.0.1",     false},
    {"192.",              "192.1.2.3",       true },
    {"192.",              "193.1.2.3",       false},
    {"19.",               "192.1.2.3",       false}, /* no prefix of the text */
    {"0.",                "0.1.2.3",         true },
};

static void who_is_in_a_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        struct network network;
        struct ip ip = ip_of(members[i].address);

        if (!network_read(members[i].network, &network))
            fail_msg("no network: %s", members[i].network);
        if (network_has(&network, &ip) != members[i].is_in)
            fail_msg("%s in %s", members[i].address, members[i].network);
    }
}

static void networks_of_this_machine(void **state)
{
    static const char *const own[] = {
        "127.0.0.1", "127.0.0.0/8",      "127.",  "127.0.",       "127.255.255.0/24", "::1",
        "::1/128",   "::ffff:127.0.0.1", "[::1]", "127.0.0.1/32", "0:0:0:0:0:0:0:1"};
    static const char *const others[] = {
        "all",    "0.0.0.0/0", "10.0.0.1",    "126.0.0.0/7", "128.0.0.1",     "::/0",
        "::/127", "::",        "::127.0.0.1", "fe80::/10",   "192.168.0.0/16"};
    struct network network;

    (void)state;
    for (size_t i = 0; i < COUNT(own); i++)
        if (!network_read(own[i], &network) || !network_is_loopback(&network))
            fail_msg("%s", own[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (!network_read(others[i], &network) || network_is_loopback(&network))
            fail_msg("%s", others[i]);
}

static const char *const no_networks[] = {
    "",
    ".",
    "..",
    "All",
    "all/0",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8x",
    "10.0.0.0/+8",
    "10.0.0.0/ 8",
    "10.0.0.0/8/8",
    "10.0.0.1/8",
    "10.0.0.0/255.0.0.0",
    "10.64.0.0/9",
    "1.2.3.4/31x",
    "10.1.2.3/31",
    "0.0.0.1/0",
    "::1/0",
    "::1/127",
    "fe80::1/10",
    "fe80::/129",
    "2001:db8::/-1",
    "2001:db8::8000:0:0:0/64",
    "::ffff:10.0.0.0/104",
    "::ffff:10.0.0.1/8",
    "1.2.3.4.",
    "1.2.3.4.5.",
    "256.",
    "-1.",
    "+1.",
    "a.",
    "1..",
    ".1.",
    "192.168.0./24",
    "192.168.0.*",
    "192.168.0",
    "192.168",
    "localhost",
    "*",
    "10.0.0.0-10.0.0.9",
    "10.0.0.0 /8",
    "0000000000001.",
};

static void what_is_no_network(void **state)
{
    struct network network;

    (void)state;
    for (size_t i = 0; i < COUNT(no_networks); i++)
        if (network_read(no_networks[i], &network))
            fail_msg("%s: %d bits", no_networks[i], network.bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address),       cmocka_unit_test(a_text_ends_where_it_is_said_to),
        cmocka_unit_test(who_is_in_a_network), cmocka_unit_test(networks_of_this_machine),
        cmocka_unit_test(what_is_no_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
