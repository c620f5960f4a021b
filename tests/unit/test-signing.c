/* test-signing.c - signatures are those of Standard Webhooks' own library; what is no secret is
 * refused.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/signing.h"

#define LEAST "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" /* 24 bytes */
#define MOST                                                                                       \
    "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"   \
    "QA=="

static const struct {
    const char *text;
    bool is_secret;
} secrets[] = {
    {LEAST,                                      true },
    {MOST,                                       true },
    {LEAST " " MOST,                             true },
    {MOST " " MOST,                              true },
    {"",                                         false},
    {" ",                                        false},
    {"whsec_",                                   false},
    {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",         false},
    {"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",   false},
    {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",   false}, /* 22 bytes */
    {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=",   false}, /* 23 */
    {"whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"
     "QAE=",                                false}, /* 65 */
    {"whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"
     "QAECAwQF",                            false},
    {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", false},
    {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-_Sw",   false},
    {LEAST " ",                                  false},
    {" " LEAST,                                  false},
    {LEAST "  " LEAST,                           false},
    {LEAST "," LEAST,                            false},
    {LEAST " " LEAST " " LEAST,                  false},
    {LEAST " whsec_",                            false},
};

/* The signatures are those of the library standardwebhooks 1.0 for JavaScript; the one of a body
 * with a NUL is Python's hmac. */
static const struct {
    const char *secrets;
    struct signed_message message;
    const char *signature;
} rows[] = {
    {LEAST,
     {"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", 20},
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="                                                                            },
    {MOST,
     {"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", 20},
     "v1,9iMOt2oYm01xd/Y0+KjCQsB5vQxtWhDwsRVTzyoajPo="                                                                            },
    {LEAST,          {"q:1", 0, "", 0},                                          "v1,h0hRsl1L1VUD0mukUQR2j3+IczrP+fqbTL+PpDN4LDg="},
    {LEAST,          {"q:1", 0, NULL, 0},                                        "v1,h0hRsl1L1VUD0mukUQR2j3+IczrP+fqbTL+PpDN4LDg="},
    {MOST,           {"q:1", 0, "a\0b", 3},                                      "v1,sd0eRIJRyvQDWK5m9G94osmGGvRCC32097yM4SjFRpc="},
    {LEAST " " MOST,
     {"q:1", 0, "", 0},
     "v1,h0hRsl1L1VUD0mukUQR2j3+IczrP+fqbTL+PpDN4LDg= "
     "v1,vvTK5qT94KnydBYgZC2WPy9ECor1JEb3GjFGBkCkRH0="                                                                            },
};

static void secrets_are_read_strictly(void **state)
{
    char *wall = wall_new(512);

    (void)state;
    for (size_t i = 0; i < COUNT(secrets); i++) {
        size_t len = strlen(secrets[i].text);

        if (signing_is_secret(wall_put(wall, secrets[i].text, len), len) != secrets[i].is_secret)
            fail_msg("\"%s\"", secrets[i].text);
    }
    assert_false(signing_is_secret(LEAST "\0" LEAST, strlen(LEAST) * 2 + 1));
}

static void signatures_are_those_of_the_library(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buffer_reset(&out);
        signing_add(&out, rows[i].secrets, &rows[i].message);
        assert_string_equal(out.data, rows[i].signature);
    }
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_read_strictly),
        cmocka_unit_test(signatures_are_those_of_the_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
