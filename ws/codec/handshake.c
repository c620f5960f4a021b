/* handshake.c - from an HTTP request to a websocket, in every version that was in the field.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/handshake.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/text.h"

/* --- what a text may be made of --------------------------------------------------------------- */

static bool is_alphanumeric(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool is_made_of(const char *text, const char *others)
{
    for (; *text; text++)
        if (!is_alphanumeric(*text) && !strchr(others, *text))
            return false;
    return true;
}

/* Is it base64 of 16 bytes?  The four bits of the last digit that stand for nothing may be any:
 * decoders differ about them, and the answer needs the text only. */
static bool is_key(const char *key)
{
    return strlen(key) == 24 && strcspn(key, "=") == 22 && key[23] == '=' && is_made_of(key, "+/=");
}

/* --- arithmetic ------------------------------------------------------------------------------- */

bool handshake_accept(const char *key, char accept[HANDSHAKE_ACCEPT])
{
    static const char salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[24 + sizeof(salt)];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len;

    if (!is_key(key))
        return false;
    memcpy(text, key, 24);
    memcpy(text + 24, salt, sizeof(salt));
    if (!EVP_Digest(text, strlen(text), digest, &digest_len, EVP_sha1(), NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)digest_len);
    return true;
}

bool handshake_number(const char *key, uint32_t *number)
{
    uint64_t digits = 0;
    uint32_t spaces = 0;
    bool has_digit = false;

    for (; *key; key++) {
        spaces += *key == ' ';
        if (*key < '0' || *key > '9')
            continue;
        has_digit = true;
        digits = digits * 10 + (uint64_t)(*key - '0');
        if (digits > UINT32_MAX)
            return false;
    }
    if (!has_digit || !spaces || digits % spaces)
        return false;
    *number = (uint32_t)(digits / spaces);
    return true;
}

static void put_big_endian(char bytes[4], uint32_t number)
{
    for (int i = 3; i >= 0; i--, number >>= 8)
        bytes[i] = (char)(number & 0xff);
}

void handshake_digest(const uint32_t numbers[2], const char nonce[HANDSHAKE_NONCE],
                      char digest[HANDSHAKE_DIGEST])
{
    char challenge[4 + 4 + HANDSHAKE_NONCE];

    put_big_endian(challenge, numbers[0]);
    put_big_endian(challenge + 4, numbers[1]);
    memcpy(challenge + 8, nonce, HANDSHAKE_NONCE);
    /* Where MD5 is forbidden (FIPS) the client sees a wrong digest, and goes. */
    if (!EVP_Digest(challenge, sizeof(challenge), (unsigned char *)digest, NULL, EVP_md5(), NULL))
        memset(digest, 0, HANDSHAKE_DIGEST);
}

/* --- the request ------------------------------------------------------------------------------ */

static enum status check_request(const struct head *head, struct reason *reason)
{
    if (strcmp(head->method, "GET") != 0 || head->minor_version != 1)
        return refuse(reason, STATUS_BAD_REQUEST, "a websocket begins with GET and HTTP/1.1");
    if (!head_lists(head, "connection", "upgrade"))
        return refuse(reason, STATUS_BAD_REQUEST, "Upgrade without Connection: Upgrade");
    if (head_has_body(head))
        return refuse(reason, STATUS_BAD_REQUEST, "a websocket's request has no body");
    return STATUS_OK;
}

static enum status check_key(const struct head *head, struct handshake *handshake,
                             struct reason *reason)
{
    handshake->key = head_field(head, "sec-websocket-key");
    if (!handshake->key || !is_key(handshake->key))
        return refuse(reason, STATUS_BAD_REQUEST, "Sec-WebSocket-Key must be base64 of 16 bytes");
    return STATUS_OK;
}

static enum status check_numbers(const struct head *head, struct handshake *handshake,
                                 struct reason *reason)
{
    const char *keys[] = {
        head_field(head, "sec-websocket-key1"),
        head_field(head, "sec-websocket-key2"),
    };

    for (int i = 0; i < 2; i++)
        if (!keys[i] || !handshake_number(keys[i], &handshake->numbers[i]))
            return refuse(reason, STATUS_BAD_REQUEST,
                          "Sec-WebSocket-Key%d must be digits and spaces that divide them", i + 1);
    return STATUS_OK;
}

static enum status check_nothing(const struct head *head, struct handshake *handshake,
                                 struct reason *reason)
{
    (void)head, (void)handshake, (void)reason;
    return STATUS_OK;
}

/* The differences between the versions. */
static const struct version {
    const char *number;   /* Sec-WebSocket-Version; NULL: has none */
    const char *origin;   /* the name of the field */
    const char *protocol; /* likewise; NULL: not echoed */
    enum status (*check)(const struct head *head, struct handshake *handshake,
                         struct reason *reason);
} versions[] = {
    [WS_HIXIE75] = {NULL, "origin",               "websocket-protocol",     check_nothing},
    [WS_HIXIE76] = {NULL, "origin",               "sec-websocket-protocol", check_numbers},
    [WS_HYBI7] = {"7",  "sec-websocket-origin", NULL,                     check_key    },
    [WS_HYBI8] = {"8",  "sec-websocket-origin", NULL,                     check_key    },
    [WS_RFC6455] = {"13", "origin",               NULL,                     check_key    },
};

static enum ws_version version_of_number(const char *number)
{
    for (enum ws_version i = WS_HYBI7; i <= WS_RFC6455; i++)
        if (strcmp(versions[i].number, number) == 0)
            return i;
    return WS_NONE;
}

static enum status find_version(const struct head *head, enum ws_version *version,
                                struct reason *reason)
{
    const char *number = head_field(head, "sec-websocket-version");

    if (number && (*version = version_of_number(number)))
        return STATUS_OK;
    /* The drafts between hixie-76 and hybi-04 had its handshake and other frames. */
    if (number || head_field(head, "sec-websocket-draft"))
        return refuse(reason, STATUS_UPGRADE, "the websocket versions here are 13, 8 and 7");
    if (head_field(head, "sec-websocket-key"))
        return refuse(reason, STATUS_BAD_REQUEST, "Sec-WebSocket-Key without a version");
    *version = head_field(head, "sec-websocket-key1") || head_field(head, "sec-websocket-key2")
                   ? WS_HIXIE76
                   : WS_HIXIE75;
    return STATUS_OK;
}

/* The fields that come back in the answer, or that somebody decides by. */
static enum status check_fields(const struct head *head, struct handshake *handshake,
                                struct reason *reason)
{
    const struct version *version = &versions[handshake->version];

    handshake->host = head_field(head, "host");
    handshake->origin = head_field(head, version->origin);
    if (!handshake->origin) /* some clients of 7 and 8 were ahead of their version */
        handshake->origin = head_field(head, "origin");
    handshake->protocol = version->protocol ? head_field(head, version->protocol) : NULL;
    if (!handshake->host || !text_is_host(handshake->host))
        return refuse(reason, STATUS_BAD_REQUEST, "Host must be a host name");
    if (handshake->origin && !text_is_visible(handshake->origin))
        return refuse(reason, STATUS_BAD_REQUEST, "Origin must be one origin");
    if (handshake->protocol && !text_is_visible(handshake->protocol))
        return refuse(reason, STATUS_BAD_REQUEST, "only one subprotocol may be asked for");
    return STATUS_OK;
}

enum status handshake_check(const struct head *head, struct handshake *handshake,
                            struct reason *reason)
{
    enum status status;

    *handshake = (struct handshake){.version = WS_NONE};
    if (!head_lists(head, "upgrade", "websocket")) {
        /* A stream of lines would be lost on this client, and the messages in it. */
        if (head_field(head, "sec-websocket-version"))
            return refuse(reason, STATUS_BAD_REQUEST,
                          "a websocket without Upgrade: websocket; does a proxy drop it?");
        return STATUS_OK;
    }
    if ((status = check_request(head, reason)) != STATUS_OK ||
        (status = find_version(head, &handshake->version, reason)) != STATUS_OK ||
        (status = check_fields(head, handshake, reason)) != STATUS_OK)
        return status;
    return versions[handshake->version].check(head, handshake, reason);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void add_field(struct buffer *out, const char *prefix, const char *name, const char *value)
{
    if (!value)
        return;
    buffer_add_text(out, prefix);
    buffer_add_text(out, name);
    buffer_add_text(out, ": ");
    buffer_add_text(out, value);
    buffer_add_text(out, "\r\n");
}

/* Without the port that the scheme has anyway: clients compare it with what they dialled. */
static void add_host(struct buffer *out, const char *host, const char *port)
{
    size_t host_len = strlen(host), port_len = strlen(port);
    bool has_port = host_len > port_len && strcmp(host + host_len - port_len, port) == 0;

    buffer_add(out, host, host_len - (has_port ? port_len : 0));
}

static void answer_hixie(const struct handshake *handshake, const char *target, bool secure,
                         struct buffer *out)
{
    bool is_76 = handshake->version == WS_HIXIE76;
    const char *prefix = is_76 ? "Sec-WebSocket-" : "WebSocket-";

    buffer_add_text(out, is_76 ? "HTTP/1.1 101 WebSocket Protocol Handshake\r\n"
                               : "HTTP/1.1 101 Web Socket Protocol Handshake\r\n");
    buffer_add_text(out, "Upgrade: WebSocket\r\nConnection: Upgrade\r\n");
    add_field(out, prefix, "Origin", handshake->origin);
    buffer_add_text(out, prefix);
    buffer_add_text(out, secure ? "Location: wss://" : "Location: ws://");
    add_host(out, handshake->host, secure ? ":443" : ":80");
    buffer_add_text(out, target);
    buffer_add_text(out, "\r\n");
    add_field(out, prefix, "Protocol", handshake->protocol);
}

static void answer_hybi(const struct handshake *handshake, struct buffer *out)
{
    char accept[HANDSHAKE_ACCEPT] = "";

    handshake_accept(handshake->key, accept);
    buffer_add_text(out, "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    add_field(out, "Sec-WebSocket-", "Accept", accept);
    if (handshake->deflate.window) {
        buffer_add_text(out, "Sec-WebSocket-Extensions: ");
        extensions_answer(&handshake->deflate, out);
        buffer_add_text(out, "\r\n");
    }
}

void handshake_answer(const struct handshake *handshake, const char *target, bool secure,
                      struct buffer *out)
{
    if (handshake->version >= WS_HYBI7)
        answer_hybi(handshake, out);
    else
        answer_hixie(handshake, target, secure, out);
    buffer_add_text(out, "\r\n");
}
