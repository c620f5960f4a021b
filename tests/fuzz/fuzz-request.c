/* fuzz-request.c - libFuzzer: a request's whole way to its answer, and back from Redis.
 *
 * An input is text, so that the corpus can be written by hand:
 *
 *     POST /q/foo?ttl=5          method and target
 *     text/plain                 Content-Type, "-" for none
 *     application/json           Accept, "-" for none
 *     key-1                      Idempotency-Key, "-" for none
 *     0|127.0.0.1|…              who asks (see visitor_params) of which world (see worlds)
 *     any bytes                  the body, up to a line "=="
 *     ==
 *     :17                        what Redis answers, one element a line (see read_reply)
 *
 * Where whoever asks must be refused, by rules that are much simpler than those of http/access.c,
 * Redis must not be asked.
 *
 * In place of redis/link.c and base/log.c stand a Redis made of those lines, and silence.  Every
 * text has its own allocation, so that the address sanitizer sees a byte read too far.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"
#include "broker/authkey.h"
#include "broker/authkey_cache.h"
#include "broker/helpers.h"
#include "broker/keys.h"
#include "broker/ring.h"
#include "broker/scripts.h"
#include "broker/sweep.h"
#include "fcgi/gateway.h"
#include "fcgi/runner.h"
#include "handlers/exchange.h"
#include "http/accept.h"
#include "http/multipart.h"
#include "redis/link.h"
#include "redis/reply.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* --- Redis --------------------------------------------------------------------------------- */

enum { MOST_ELEMENTS = 3000, MOST_DEPTH = 3, MOST_PIECES = 3000 };

struct link {
    char *at, *end; /* what is left of the lines */
    bool is_utf8;   /* all of them */
    int calls;
    int lookups;      /* of clients' keys */
    bool knows_key;   /* the last one had a record that allows something */
    bool is_for_none; /* whoever asks must be refused */
    bool is_for_look; /* whoever asks may only look */
    bool needs_key;
    int count;
    redisReply elements[MOST_ELEMENTS];
    redisReply *lists[MOST_ELEMENTS];
    int list_count;
};

/* A line of its own: ends at '\n', which becomes the NUL that hiredis has behind each text. */
static char *next_line(struct link *link)
{
    char *line = link->at, *stop;

    if (line == link->end)
        return NULL;
    stop = memchr(line, '\n', (size_t)(link->end - line));
    link->at = stop ? stop + 1 : link->end; /* there is a NUL behind the end */
    if (stop)
        *stop = '\0';
    return line;
}

/* "\n" in a line is a line break.  The line may hold a NUL, so its end is the next line. */
static size_t unescape(const struct link *link, char *line)
{
    size_t len = (size_t)(link->at - line), out = 0;

    if (link->at > line && link->at[-1] == '\0')
        len--;
    for (size_t in = 0; in < len; in++) {
        bool is_break = line[in] == '\\' && in + 1 < len && line[in + 1] == 'n';

        line[out++] = is_break ? '\n' : line[in];
        in += is_break;
    }
    line[out] = '\0';
    return out;
}

static redisReply *read_reply(struct link *link, int depth);

/* Up to a line "]".  Elements are collected on the stack of lists, behind those around it. */
static void read_list(struct link *link, redisReply *list, int depth)
{
    redisReply *own[MOST_ELEMENTS / 2];
    size_t count = 0;

    while (count < sizeof(own) / sizeof(own[0]) && link->at < link->end && *link->at != ']') {
        own[count] = read_reply(link, depth + 1);
        if (!own[count])
            break;
        count++;
    }
    if (link->at < link->end && *link->at == ']')
        next_line(link);
    if (link->list_count + (int)count > MOST_ELEMENTS)
        count = 0;
    list->element = link->lists + link->list_count;
    list->elements = count;
    memcpy(list->element, own, count * sizeof(own[0]));
    link->list_count += (int)count;
}

/* ":17" a number, "$text" a string, "+OK" a status, "-ERR …" an error, "[" and "]" a list,
 * anything else nil.  NULL when there are no more. */
static redisReply *read_reply(struct link *link, int depth)
{
    redisReply *reply;
    char *line;

    if (link->count == MOST_ELEMENTS || !(line = next_line(link)))
        return NULL;
    reply = &link->elements[link->count++];
    *reply = (redisReply){.type = REDIS_REPLY_NIL};
    if (*line == ':') {
        reply->type = REDIS_REPLY_INTEGER;
        reply->integer = strtoll(line + 1, NULL, 10);
    } else if (*line == '$' || *line == '+' || *line == '-') {
        reply->type = *line == '$'   ? REDIS_REPLY_STRING
                      : *line == '+' ? REDIS_REPLY_STATUS
                                     : REDIS_REPLY_ERROR;
        reply->str = line + 1;
        reply->len = unescape(link, line + 1);
    } else if (*line == '[' && depth < MOST_DEPTH) {
        reply->type = REDIS_REPLY_ARRAY;
        read_list(link, reply, depth);
    }
    return reply;
}

static const struct {
    const char *before, *after;
} key_shapes[] = {
    {"",                  ":queue"      },
    {"",                  ":UUID"       },
    {"queuestat::",       ""            },
    {"",                  ":queuepolicy"},
    {"restmq:presence:{", "}"           },
    {"restmq:presence:{", "}.dead"      },
    {"restmq:lb:{",       "}"           },
    {"restmq:lbv:{",      "}"           },
    {"restmq:log:{",      "}"           },
    {"restmq:log:{",      "}:keep"      },
};

static const char *const whole_keys[] = {"QUEUESET",      "restmq:topics", "restmq:helpers",
                                         "restmq:unused", "restmq:pools",  "restmq:index"};

/* Ours are "restmq:{foo}:leases" and "restmq:{foo}.dead:leases". */
static const char *const parts[] = {
    ":leases",  ":receipts", ":delayed",   ":settings", ":stats",  ":trash",
    ":foreign", ":once:",    ":remembers", ":sampled",  ":history"};

static bool is_name(const char *name, size_t len)
{
    struct reason ignored;

    return queue_name_check(name, len, &ignored) == STATUS_OK;
}

static bool starts_with(const char *text, size_t len, const char *start)
{
    return len >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

static bool is_own_key(const char *key, size_t len)
{
    const char *name = key + strlen("restmq:{"), *end = key + len, *brace;

    if (!starts_with(key, len, "restmq:{") || !(brace = memchr(name, '}', (size_t)(end - name))) ||
        !is_name(name, (size_t)(brace - name)))
        return false;
    brace++;
    if (starts_with(brace, (size_t)(end - brace), ".dead"))
        brace += strlen(".dead");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (starts_with(brace, (size_t)(end - brace), parts[i]))
            return strcmp(parts[i], ":once:") == 0 || strlen(parts[i]) == (size_t)(end - brace);
    return false;
}

/* Is it a key of a queue or topic whose name is allowed, or a set of all of them? */
static bool is_key(const char *key, size_t len)
{
    for (size_t i = 0; i < sizeof(whole_keys) / sizeof(whole_keys[0]); i++)
        if (text_is(key, len, whole_keys[i]))
            return true;
    if (is_own_key(key, len))
        return true;
    for (size_t i = 0; i < sizeof(key_shapes) / sizeof(key_shapes[0]); i++) {
        size_t before = strlen(key_shapes[i].before), after = strlen(key_shapes[i].after);

        if (len > before + after && memcmp(key, key_shapes[i].before, before) == 0 &&
            memcmp(key + len - after, key_shapes[i].after, after) == 0 &&
            is_name(key + before, len - before - after))
            return true;
    }
    return false;
}

/* The one key among the arguments that is no name of ours: of a message, and so "<queue>:<digits>",
 * where the queue is that of the first key ("foo:queue", "restmq:{foo}:leases"). */
static bool is_message_of(const char *message, size_t len, const char *key, size_t key_len)
{
    const char *name = key, *end;
    size_t name_len;

    if (starts_with(key, key_len, "restmq:{")) {
        name += strlen("restmq:{");
        end = memchr(name, '}', key_len - strlen("restmq:{"));
    } else {
        end = key + key_len - strlen(":queue");
        if ((size_t)(end - name) > 5 && memcmp(end - 5, ".dead", 5) == 0)
            end -= 5;
    }
    name_len = (size_t)(end - name);
    if (len < name_len + 2 || memcmp(message, name, name_len) != 0 || message[name_len] != ':')
        return false;
    for (size_t i = name_len + 1; i < len; i++)
        if (message[i] < '0' || message[i] > '9')
            return false;
    return true;
}

static bool is_lookup(const struct call *call)
{
    return !call->script && strcmp(call->argv[0], "GET") == 0 &&
           starts_with(call->argv[1], call->argv_len[1], "AUTHKEY:");
}

/* What dead helpers have left goes: only that is done with the list of a helper. */
static bool is_tidying(const struct call *call)
{
    static const char *const commands[] = {"SRANDMEMBER", "SREM", "ZREM"};

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && !call->script; i++)
        if (strcmp(call->argv[0], commands[i]) == 0)
            return starts_with(call->argv[1], call->argv_len[1], "restmq:helper");
    return call->script == &script_forget;
}

/* A mere look lets messages come back whose time has come, and consumers of dead helpers go, which
 * would happen anyway. */
static bool is_look(const struct call *call)
{
    return !call->changes || call->script == &script_peek || call->script == &script_look ||
           is_tidying(call);
}

/* May it be asked for whoever asks?  What Redis promises is for everybody: GET /ready. */
static void check_right(const struct link *link, const struct call *call)
{
    bool is_promise =
        call->script ? call->script == &script_probe
                     : strcmp(call->argv[0], "INFO") == 0 || strcmp(call->argv[0], "CONFIG") == 0;

    if (is_promise)
        return;
    MUST(!link->is_for_none);
    MUST(!link->is_for_look || is_look(call));
    MUST(!link->needs_key || link->knows_key || is_lookup(call));
}

/* Are the messages that it names the queue's? */
static void check_messages(const struct call *call, int count)
{
    static const struct {
        const struct script *script;
        int before; /* arguments that stand before the messages */
        int words;  /* for each message, 0: only one */
    } scripts[] = {
        {&script_delete,  0, 0},
        {&script_look,    0, 0},
        {&script_ack,     0, 2},
        {&script_extend,  2, 2},
        {&script_release, 5, 2},
    };

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        int at = 3 + call->keys + scripts[i].before;

        if (call->script != scripts[i].script)
            continue;
        do {
            MUST(is_message_of(call->argv[at], call->argv_len[at], call->argv[3],
                               call->argv_len[3]));
            at += scripts[i].words;
        } while (scripts[i].words && at + 1 < count);
    }
}

/* Does the call touch nothing but what it may? */
static void check_call(const struct link *link, struct call *call)
{
    int count = call_resolve(call, false);

    check_right(link, call);
    if (is_lookup(call)) {
        MUST(count == 2 && link->needs_key &&
             authkey_is_valid(call->argv[1] + 8, call->argv_len[1] - 8));
        return;
    }
    if (!call->script && strcmp(call->argv[0], "PUBLISH") == 0) {
        MUST(count == 3 && is_name(call->argv[1], call->argv_len[1]) &&
             !starts_with(call->argv[1], call->argv_len[1], "__"));
        return;
    }
    if (!call->script && is_tidying(call))
        return;
    if (!call->script) {
        MUST(strcmp(call->argv[0], "INFO") == 0 || strcmp(call->argv[0], "CONFIG") == 0);
        return;
    }
    MUST(call->keys > 0 && call->keys <= count - 3);
    for (int i = 3; i < 3 + call->keys; i++)
        MUST(is_key(call->argv[i], call->argv_len[i]) ||
             (i == 4 && call->script == &script_forget &&
              starts_with(call->argv[i], call->argv_len[i], call->argv[3])));
    check_messages(call, count);
}

/* A record without a name and without "create" is for no queue. */
static bool allows_something(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING && *reply->str && strchr(reply->str, '{') &&
           (strstr(reply->str, "queues") || strstr(reply->str, "privs") ||
            strchr(reply->str, '\\'));
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    enum status status = STATUS_AGAIN;

    check_call(link, call);
    if (is_lookup(call))
        link->lookups++;
    else
        link->calls++;
    while (status == STATUS_AGAIN) {
        const redisReply *reply = read_reply(link, 0);

        if (!reply)
            return refuse(reason, STATUS_UNAVAILABLE, "Redis is unavailable");
        status = reply->type == REDIS_REPLY_ERROR ? reply_error(reply, reason)
                                                  : call->decode(call, reply, reason);
        if (is_lookup(call))
            link->knows_key = allows_something(reply);
        MUST(reply_wants_reconnect(reply) + reply_is_noscript(reply) < 2);
        if (status == STATUS_AGAIN)
            check_call(link, call); /* it may have changed itself */
    }
    return status;
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    for (int i = 0; i < count; i++)
        errands[i].status = link_run(link, &errands[i].call, &errands[i].reason);
}

static void link_start(struct link *link, const char *lines, size_t len)
{
    link->at = memcpy(xmalloc(len + 1), lines, len);
    link->end = link->at + len;
    *link->end = '\0';
    link->is_utf8 = utf8_is_valid(link->at, len);
    link->calls = link->lookups = link->count = link->list_count = 0;
    link->is_for_none = link->is_for_look = link->needs_key = false;
}

/* --- what must be true of an answer -------------------------------------------------------- */

/* Is it one JSON value?  Any bytes may have come from Redis, but nothing else brings such in. */
static void check_json(const struct link *link, const char *text, size_t len)
{
    struct json_object *value = NULL, *code;
    struct reason reason = {0};
    char *copy = memcpy(xmalloc(len + 1), text, len);

    copy[len] = '\0';
    if (json_parse(copy, len, &value, &reason) != STATUS_OK)
        MUST(!utf8_is_valid(text, len) && !link->is_utf8);
    /* What is the client's mistake is found before Redis is asked. */
    if (json_object_object_get_ex(value, "code", &code) &&
        strncmp(json_object_get_string(code), "bad_", 4) == 0)
        MUST(link->calls == 0);
    json_object_put(value);
    free(copy);
}

/* Nothing but printable ASCII in lines that end with CRLF; returns where the body begins. */
static const char *check_head(const struct buffer *out)
{
    const char *at = out->data;

    while (at[0] != '\r' || at[1] != '\n') {
        for (; *at >= 0x20 && *at <= 0x7e; at++)
            ;
        MUST(at[0] == '\r' && at[1] == '\n');
        at += 2;
    }
    return at + 2;
}

/* A body has its length in front, unless it is written as it is sent. */
static void check_body(const struct response *response, bool is_head, const char *body,
                       struct buffer *out)
{
    const char *length = strstr(out->data, "Content-Length: ");
    size_t len = (size_t)(out->data + out->len - body);

    if (response->http_status == 204 || is_head) {
        MUST(len == 0);
    } else if (response->source.more) {
        MUST(!length && len == 0);
        for (int pieces = 1; response->source.more(response->source.user, out); pieces++)
            MUST(pieces < MOST_PIECES);
    } else {
        MUST(length && strtoull(length + 16, NULL, 10) == len);
    }
}

static void check_answer(const struct link *link, const struct response *response, bool is_head)
{
    struct buffer out = {0};

    response_write(response, "Status: ", is_head, &out);
    check_body(response, is_head, check_head(&out), &out);
    MUST(!strstr(out.data, " Status\r\n")); /* a status without phrase */
    if (response->http_status != 204 && strcmp(response->type, TYPE_JSON) == 0)
        check_json(link, response->body.data, response->body.len);
    if (strcmp(response->type, TYPE_SCRIPT) == 0)
        MUST(!memchr(response->body.data, '<', response->body.len));
    if (response->http_status >= 400 && response->http_status < 500 &&
        response->http_status != 404 && response->http_status != 409 &&
        response->http_status != 423 && response->http_status != 429 &&
        response->http_status != 403)
        MUST(link->calls == 0);
    buffer_clear(&out);
}

/* --- one input ----------------------------------------------------------------------------- */

/* Their acl.conf (NULL: none) and what else decides. */
static struct world {
    const char *rules;
    bool authkeys;
    const char *origins, *hosts, *trusted_proxies;
    struct settings settings;
    struct access access;
} worlds[] = {
    {.trusted_proxies = "loopback unix", .origins = "", .hosts = ""     },
    { .trusted_proxies = "loopback unix",                     .origins = "",   .hosts = "", .authkeys = true},
    { .trusted_proxies = "loopback unix",
     .origins = "https://a.org",
     .hosts = "",
     .rules = "[rest:producer]\nusername = me\npassword = secret\n"
              "[rest:consumer]\nusername = me\npassword = secret\n"
              "[admin]\nusername = me\npassword = secret\n"
              "[stats]\nusername = me\npassword = secret\n"},
    {              .trusted_proxies = "",
     .origins = "https://a.org",
     .hosts = "mq.org",
     .rules = "[rest:producer]\nhosts_deny = 10.0.0.0/8\n"
              "[rest:consumer]\nhosts_deny = 10.\n"
              "[admin]\nhosts_deny = 10.0.0.0/8\n"
              "[stats]\nhosts_deny = 10.0.0.0/8\n"},
};

enum { WORLD_DEFAULT, WORLD_KEYS, WORLD_PASSWORD, WORLD_DENY, WORLDS };

static struct link fake_redis;
static struct sweep sweep;
static struct helpers helpers;
static struct token_pool tokens;
static struct service service = {.helpers = &helpers, .tokens = &tokens};
static struct exchange exchange = {.service = &service};

/* FastCGI's parameters that say who asks, in the order in which they stand in an input. */
static const char *const visitor_params[] = {
    "REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_AUTHORIZATION",  "HTTP_X_AUTHKEY",
    "HTTP_HOST",   "HTTP_ORIGIN",          "HTTP_SEC_FETCH_SITE", "HTTP_COOKIE",
};
enum { ADDRESS, FORWARDED_FOR, AUTHORIZATION, AUTHKEY, HOST, ORIGIN, SITE, COOKIE, VISITOR_PARAMS };

static struct buffer accepted; /* several Accept as one list */

struct input {
    char *method, *target, *content_type, *accept, *idempotency_key;
    int world;
    char *visitor[VISITOR_PARAMS];
    char *body; /* with a NUL behind it */
    size_t body_len;
    const char *replies;
    size_t replies_len;
};

/* Cuts a word from the front of the rest, as a text of its own; "-" is no text at all. */
static char *cut(const char **at, const char *end, char separator)
{
    const char *stop = memchr(*at, separator, (size_t)(end - *at));
    size_t len = (size_t)((stop ? stop : end) - *at);
    char *text = memcpy(xmalloc(len + 1), *at, len);

    text[len] = '\0'; /* a NUL within ends it earlier, as it would in a FastCGI parameter */
    *at = stop ? stop + 1 : end;
    if (strcmp(text, "-") != 0)
        return text;
    free(text);
    return NULL;
}

static void cut_visitor(struct input *input, const char **at, const char *end)
{
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    const char *line_end = stop ? stop : end;
    char *world = cut(at, line_end, '|');

    input->world = world && *world >= '0' && *world < '0' + WORLDS ? *world - '0' : 0;
    free(world);
    for (int i = 0; i < VISITOR_PARAMS; i++)
        input->visitor[i] = *at < line_end ? cut(at, line_end, '|') : NULL;
    if (!input->visitor[HOST]) /* it would be refused, as one that is empty is */
        input->visitor[HOST] = xstrdup(input->world == WORLD_DENY ? "mq.org" : "localhost");
    *at = stop ? stop + 1 : end;
}

static struct input input_of(const char *at, const char *end)
{
    struct input input = {0};
    const char *stop;

    input.method = cut(&at, end, ' ');
    input.target = cut(&at, end, '\n');
    input.content_type = cut(&at, end, '\n');
    input.accept = cut(&at, end, '\n');
    input.idempotency_key = cut(&at, end, '\n');
    cut_visitor(&input, &at, end);
    stop = memmem(at, (size_t)(end - at), "\n==\n", 4);
    input.body_len = (size_t)((stop ? stop : end) - at);
    input.body = memcpy(xmalloc(input.body_len + 1), at, input.body_len);
    input.body[input.body_len] = '\0';
    input.replies = stop ? stop + 4 : end;
    input.replies_len = (size_t)(end - input.replies);
    return input;
}

static void input_clear(struct input *input)
{
    free(input->method);
    free(input->target);
    free(input->content_type);
    free(input->accept);
    free(input->idempotency_key);
    for (int i = 0; i < VISITOR_PARAMS; i++)
        free(input->visitor[i]);
    free(input->body);
}

/* --- who must be refused --------------------------------------------------------------------- */

/* Does the address begin with that byte?  Texts of 46 bytes and more are no addresses. */
static bool has_first_byte(const char *text, size_t len, int byte)
{
    char copy[47];
    unsigned char bytes[16];

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1)
        return bytes[0] == byte;
    return inet_pton(AF_INET6, copy, bytes) == 1 && bytes[10] == 0xff && bytes[12] == byte;
}

static bool is_loopback(const char *text, size_t len)
{
    size_t plain = strcspn(text, "%") < len ? strcspn(text, "%") : len;
    const char *bracket = len && *text == '[' ? memchr(text, ']', len) : NULL;
    char copy[47];
    unsigned char bytes[16];

    if (bracket) /* behind it there may be a port */
        return is_loopback(text + 1, (size_t)(bracket - text) - 1);
    if (has_first_byte(text, plain, 127))
        return true;
    snprintf(copy, sizeof(copy), "%.*s", plain < 46 ? (int)plain : 0, text);
    return inet_pton(AF_INET6, copy, bytes) == 1 && bytes[15] == 1 && !bytes[0] && !bytes[14];
}

/* Without a file, the address and all that proxies said must be this machine's. */
static bool comes_from_here(const struct input *input)
{
    const char *peer = input->visitor[ADDRESS], *at = input->visitor[FORWARDED_FOR];

    if (!peer || !is_loopback(peer, strlen(peer)))
        return false;
    if (at && *at == ',') /* there is nobody left of it */
        at++;
    while (at && *at) {
        size_t size = strcspn(at, ","), blank = strspn(at, " \t"), len = size;

        while (len > blank && strchr(" \t", at[len - 1]))
            len--;
        if (blank >= len || !is_loopback(at + blank, len - blank))
            return false;
        at += size;
        if (*at && !*++at)
            return false;
    }
    return true;
}

static bool is_own_name(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < 3; i++)
        if (strncasecmp(host, names[i], strlen(names[i])) == 0 &&
            strchr(":", host[strlen(names[i])]))
            return true;
    return false;
}

static bool has_password(const char *authorization)
{
    return authorization && strncasecmp(authorization, "Basic ", 6) == 0 &&
           strstr(authorization, " bWU6c2VjcmV0");
}

static bool must_be_refused(const struct input *input)
{
    char *const *visitor = input->visitor;

    switch (input->world) {
    case WORLD_DEFAULT:
    case WORLD_KEYS:
        return !comes_from_here(input) || !is_own_name(visitor[HOST]);
    case WORLD_PASSWORD:
        return !has_password(visitor[AUTHORIZATION]);
    default:
        return (visitor[ADDRESS] &&
                has_first_byte(visitor[ADDRESS], strlen(visitor[ADDRESS]), 10)) ||
               strncasecmp(visitor[HOST], "mq.org", 6) != 0;
    }
}

/* The words for a page of this origin, and for no page. */
static bool is_own_page(const char *site)
{
    return strcmp(site, "") == 0 || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

/* A page whose origin does not even have the host's name in it is another's. */
static bool must_only_look(const struct input *input)
{
    const char *origin = input->visitor[ORIGIN], *host = input->visitor[HOST];
    bool has_list = input->world == WORLD_PASSWORD || input->world == WORLD_DENY;
    char *name;
    bool is_there;

    if (!origin || !*origin)
        return input->visitor[SITE] && !is_own_page(input->visitor[SITE]);
    if (has_list && strcasecmp(origin, "https://a.org") == 0)
        return false;
    name = xstrdup(host ? host : "");
    if (strrchr(name, ':') && !strchr(strrchr(name, ':'), ']'))
        *strrchr(name, ':') = '\0';
    is_there = *name && strcasestr(origin, name) != NULL;
    free(name);
    return !is_there;
}

static void limit_redis(struct link *link, const struct input *input)
{
    link->is_for_none = must_be_refused(input);
    link->is_for_look = must_only_look(input);
    link->needs_key = input->world == WORLD_KEYS;
    link->knows_key = false;
}

/* --- one input, in five ways ------------------------------------------------------------------ */

static void add_param(char **params, int *count, const char *name, const char *value)
{
    size_t size;

    if (!value)
        return;
    size = strlen(name) + strlen(value) + 2;
    params[*count] = xmalloc(size);
    snprintf(params[(*count)++], size, "%s=%s", name, value);
}

/* NULL behind them; the caller frees each. */
static void add_params(char **params, const struct input *input)
{
    int count = 0;

    add_param(params, &count, "REQUEST_METHOD", input->method);
    add_param(params, &count, "REQUEST_URI", input->target);
    add_param(params, &count, "CONTENT_TYPE", input->content_type);
    add_param(params, &count, "HTTP_ACCEPT", input->accept);
    add_param(params, &count, "HTTP_IDEMPOTENCY_KEY", input->idempotency_key);
    for (int i = 0; i < VISITOR_PARAMS; i++)
        add_param(params, &count, visitor_params[i], input->visitor[i]);
    params[count] = NULL;
}

/* A record or a ring from the input before must not count. */
static void enter_world(struct world *world)
{
    service.settings = &world->settings;
    service.access = &world->access;
    if (world->settings.authkeys) {
        authkey_cache_free(service.keys);
        service.keys = authkey_cache_new();
    }
    rings_free(service.rings);
    service.rings = rings_new();
    helpers_clear(&helpers);
}

/* As main() does it. */
static void try_request(const struct input *input)
{
    char *params[5 + VISITOR_PARAMS + 1];
    struct request_head head;
    struct request *request = &exchange.request;
    enum status status;
    bool has_more;

    enter_world(&worlds[input->world]);
    limit_redis(&fake_redis, input);
    add_params(params, input);
    head = gateway_head(params, &accepted);
    exchange.reason = (struct reason){0};
    status = request_begin(request, &head, service.settings->prefix, &exchange.reason);
    if (status == STATUS_OK && input->body_len) {
        buffer_clear(&request->body);
        request->body.data = memcpy(xmalloc(input->body_len + 1), input->body, input->body_len + 1);
        request->body.len = input->body_len;
        request->body.size = input->body_len + 1;
    }
    if (status == STATUS_OK)
        status = request_finish(request, &exchange.reason);
    runner_answer(&exchange, status, &fake_redis, &sweep);
    check_answer(&fake_redis, &exchange.response, request->is_head);
    fake_redis.is_for_none = fake_redis.is_for_look = fake_redis.needs_key = false;
    if (sweep_call(&sweep, &exchange.call, &has_more))
        link_run(&fake_redis, &exchange.call, &exchange.reason);
    sweep.count = 0;
    exchange_clear(&exchange);
    for (int i = 0; params[i]; i++)
        free(params[i]);
}

/* The body as a command, whatever the head says. */
static void try_command(const struct input *input)
{
    static struct command command;
    struct call call = {0};
    struct reason reason = {0};
    struct buffer out = {0};
    struct command_limits limits = {
        .max_message = worlds[0].settings.max_message,
        .once_seconds = worlds[0].settings.idempotency_seconds,
        .rings = service.rings,
        .helpers = &helpers,
        .tokens = &tokens,
    };
    enum status status =
        command_parse(&command, input->body, input->body_len, &limits, &call, &reason);

    MUST(status != STATUS_OK || command.verb);
    if (status == STATUS_OK) {
        do {
            status = link_run(&fake_redis, &call, &reason);
            if (status == STATUS_OK || status == STATUS_EMPTY)
                call_left_trash(&call);
        } while (command_next(&command, &call, &status));
    }
    command_render(&command, status, &reason, &out);
    check_json(&fake_redis, out.data, out.len);
    buffer_clear(&out);
    call_clear(&call);
    command_clear(&command);
}

/* What was parsed once is rendered as what can be parsed again. */
static void try_json(const struct input *input)
{
    struct json_object *value = NULL;
    struct reason reason = {0};
    struct buffer out = {0};

    if (json_parse(input->body, input->body_len, &value, &reason) != STATUS_OK)
        return;
    json_render(value, &out);
    MUST(json_parse(out.data, out.len, &value, &reason) == STATUS_OK);
    json_object_put(value);
    buffer_clear(&out);
}

/* Each field and the byte that ends it lie within the body, behind the one before. */
static void try_multipart(const struct input *input)
{
    static struct form form;
    struct reason reason = {0};
    char *body =
        memcpy(xmalloc(input->body_len ? input->body_len : 1), input->body, input->body_len);
    const char *end = body + input->body_len, *last = body;
    const char *type =
        input->content_type ? input->content_type : "multipart/form-data; boundary=x";

    form.count = 0;
    if (multipart_parse(&form, type, body, input->body_len, &reason) == STATUS_OK)
        MUST(starts_with(end - 4, 4, "--\r\n") || starts_with(end - 2, 2, "--"));
    else
        MUST(*reason.text);
    for (int i = 0; i < form.count; i++) {
        const struct field *field = &form.fields[i];

        MUST(field->name > last && field->name + field->name_len < field->value);
        MUST(!field->name[field->name_len] && !field->value[field->value_len]);
        last = field->value + field->value_len;
        MUST(last < end);
    }
    free(body);
}

static void try_parsers(const struct input *input)
{
    static struct uri uri;
    struct reason reason = {0};

    if (input->target && uri_parse(&uri, input->target, "/mq", &reason) == STATUS_OK) {
        MUST(strlen(uri.name) == uri.name_len && strlen(uri.query) == uri.query_len);
        MUST(!strchr(uri.resource, '/'));
    }
    MUST(!(accept_prefers(input->accept, "text/html", "application/json") &&
           accept_prefers(input->accept, "application/json", "text/html")));
}

static void open_world(struct world *world)
{
    char name[] = "/tmp/restmq-fuzz-XXXXXX";
    struct file_problem problem;
    int fd = world->rules ? mkstemp(name) : -1;

    world->settings = (struct settings){
        .redis = xstrdup("127.0.0.1:6379"),
        .prefix = xstrdup(""),
        .acl = xstrdup(world->rules ? name : ""),
        .authkeys = world->authkeys,
        .origins = xstrdup(world->origins),
        .hosts = xstrdup(world->hosts),
        .trusted_proxies = xstrdup(world->trusted_proxies),
        .jsonp = true,
        .max_message = 200,
        .max_body = 1000,
        .idempotency_seconds = 300,
    };
    if (world->rules)
        MUST(write(fd, world->rules, strlen(world->rules)) == (ssize_t)strlen(world->rules));
    MUST(access_open(&world->access, &world->settings, &problem));
    if (world->rules)
        MUST(close(fd) == 0 && unlink(name) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    log_to("/dev/null");
    for (int i = 0; i < WORLDS; i++)
        open_world(&worlds[i]);
    service.keys = authkey_cache_new();
    service.rings = rings_new();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = input_of((const char *)data, (const char *)data + size);
    void (*const tries[])(const struct input *) = {
        try_request, try_command, try_json, try_multipart, try_parsers,
    };

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        char *lines;

        link_start(&fake_redis, input.replies, input.replies_len);
        lines = fake_redis.at;
        tries[i](&input);
        free(lines);
    }
    input_clear(&input);
    return 0;
}
