/* network.c - IP addresses and networks.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/number.h"

enum { V4_BITS = 96 }; /* before the four bytes of an IPv4 address */

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool ip_is_v4(const struct ip *ip)
{
    return memcmp(ip->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool ip_read(const char *text, size_t len, struct ip *ip)
{
    char copy[INET6_ADDRSTRLEN];
    const char *zone;

    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    zone = memchr(text, '%', len);
    if (zone)
        len = (size_t)(zone - text);
    if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    memcpy(ip->bytes, v4_prefix, sizeof(v4_prefix));
    return inet_pton(AF_INET, copy, ip->bytes + sizeof(v4_prefix)) == 1 ||
           inet_pton(AF_INET6, copy, ip->bytes) == 1;
}

/* Where the port's colon is; NULL: there is none.  Only within brackets IPv6 may have one. */
static const char *find_port(const char *text, size_t len)
{
    const char *bracket = len && *text == '[' ? memchr(text, ']', len) : NULL;
    const char *rest = bracket ? bracket + 1 : text;
    const char *colon = memchr(rest, ':', len - (size_t)(rest - text));
    size_t port_len = colon ? len - (size_t)(colon + 1 - text) : 0;

    return colon && !memchr(colon + 1, ':', port_len) && (!bracket || colon == rest) ? colon : NULL;
}

bool ip_read_with_port(const char *text, size_t len, struct ip *ip)
{
    const char *colon = find_port(text, len);
    size_t ip_len = colon ? (size_t)(colon - text) : len;
    long long port;

    if (colon && !number_parse(colon + 1, len - ip_len - 1, 0, 65535, &port))
        return false;
    return ip_read(text, ip_len, ip);
}

const char *ip_text(const struct ip *ip, char text[IP_TEXT])
{
    _Static_assert(IP_TEXT >= INET6_ADDRSTRLEN, "an address fits");
    if (ip_is_v4(ip))
        return inet_ntop(AF_INET, ip->bytes + sizeof(v4_prefix), text, IP_TEXT);
    return inet_ntop(AF_INET6, ip->bytes, text, IP_TEXT);
}

bool ip_is_loopback(const struct ip *ip)
{
    static const struct ip six = {.bytes = {[15] = 1}};

    return (ip_is_v4(ip) && ip->bytes[12] == 127) || memcmp(ip, &six, sizeof(six)) == 0;
}

/* "192.168.0.": one to three bytes, each with a dot behind it. */
static bool read_prefix(const char *text, struct network *network)
{
    struct network found = {.bits = V4_BITS};
    size_t at = sizeof(v4_prefix);

    memcpy(found.ip.bytes, v4_prefix, sizeof(v4_prefix));
    while (*text) {
        const char *dot = strchr(text, '.');
        long long byte;

        if (!dot || at == sizeof(found.ip.bytes) - 1 ||
            !number_parse(text, (size_t)(dot - text), 0, 255, &byte))
            return false;
        found.ip.bytes[at++] = (unsigned char)byte;
        found.bits += 8;
        text = dot + 1;
    }
    *network = found;
    return found.bits > V4_BITS;
}

static bool has_bits_beyond(const struct network *network)
{
    for (int bit = network->bits; bit < 128; bit++)
        if (network->ip.bytes[bit / 8] & (0x80 >> bit % 8))
            return true;
    return false;
}

bool network_read(const char *text, struct network *network)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    long long bits;
    bool is_four;

    if (strcmp(text, "all") == 0) {
        *network = (struct network){.bits = 0};
        return true;
    }
    if (len && !slash && text[len - 1] == '.')
        return read_prefix(text, network);
    if (!ip_read(text, len, &network->ip))
        return false;
    is_four = ip_is_v4(&network->ip);
    network->bits = 128;
    if (!slash)
        return true;
    if (!number_parse(slash + 1, strlen(slash + 1), 0, is_four ? 32 : 128, &bits))
        return false;
    network->bits = (int)bits + (is_four ? V4_BITS : 0);
    return !has_bits_beyond(network);
}

bool network_is_loopback(const struct network *network)
{
    return ip_is_loopback(&network->ip) &&
           network->bits >= (ip_is_v4(&network->ip) ? V4_BITS + 8 : 128);
}

bool network_has(const struct network *network, const struct ip *ip)
{
    int bytes = network->bits / 8, bits = network->bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> bits);

    return memcmp(network->ip.bytes, ip->bytes, (size_t)bytes) == 0 &&
           (bits == 0 || ((network->ip.bytes[bytes] ^ ip->bytes[bytes]) & mask) == 0);
}
