/* network.h - IP addresses and networks, v4 and v6.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

/* An IPv4 address is the IPv6 address that is mapped to it. */
struct ip {
    unsigned char bytes[16];
};

struct network {
    struct ip ip;
    int bits; /* of the address that count; 0: all addresses */
};

/* False when the text is no address; an IPv6 one may have brackets.  A zone ("%eth0") does not
 * count. */
bool ip_read(const char *text, size_t len, struct ip *ip);

/* As proxies write it, maybe with a port behind it: "10.0.0.1:5678", "[::1]:80". */
bool ip_read_with_port(const char *text, size_t len, struct ip *ip);

/* The address as text; returns it. */
enum { IP_TEXT = 46 };
const char *ip_text(const struct ip *ip, char text[IP_TEXT]);

bool ip_is_v4(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);

/* "all", an address, "10.1.0.0/16", "fe80::/10", or RestMQ's "192.168.0.".  False: none of these,
 * or bits beyond its length are set, which is a mistake. */
bool network_read(const char *text, struct network *network);

/* Has it no address but this machine's own, 127.0.0.0/8 and ::1? */
bool network_is_loopback(const struct network *network);

bool network_has(const struct network *network, const struct ip *ip);

#endif
