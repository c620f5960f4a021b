/* place.c - where libmemcached places keys: made tests/ketama/placed.txt, once.
 *
 *     cc -o place tests/ketama/place.c -lmemcached && ./place >tests/ketama/placed.txt
 *
 * with Debian 12's libmemcached-dev 1.1.4-1.  A line for each pool of the test: its servers, and
 * then the index of each key's server as a character, "0" for the first; the keys are object0,
 * object1, …
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 10000 };

struct server {
    const char *host;
    unsigned short port;
};

static void check(memcached_return_t code)
{
    if (code == MEMCACHED_SUCCESS)
        return;
    fprintf(stderr, "%s\n", memcached_strerror(NULL, code));
    exit(1);
}

static void place(const struct server *servers, int count)
{
    memcached_st *memcached = memcached_create(NULL);

    check(memcached_behavior_set(memcached, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1));
    for (int i = 0; i < count; i++) {
        check(memcached_server_add(memcached, servers[i].host, servers[i].port));
        printf("%s%s:%hu", i ? " " : "", servers[i].host, servers[i].port);
    }
    putchar('\n');
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        int len = snprintf(key, sizeof(key), "object%d", i);

        putchar('0' + (int)memcached_generate_hash(memcached, key, (size_t)len));
    }
    putchar('\n');
    memcached_free(memcached);
}

int main(void)
{
    struct server ten[10];
    char hosts[10][16];

    for (int i = 0; i < 10; i++) {
        snprintf(hosts[i], sizeof(hosts[i]), "10.0.0.%d", i + 1);
        ten[i] = (struct server){hosts[i], i % 2 ? 8080 : 11211};
    }
    place(ten, 10);
    place(
        (struct server[]){
            {"files-a", 80},
            {"files-b", 80},
            {"files-c", 80}
    },
        3);
    place(
        (struct server[]){
            {"only", 11211}
    },
        1);
    return 0;
}
