/* gateway.c - FastCGI's side of a request.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/gateway.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "http/fields.h"

enum { ALWAYS_FITS = 64 * 1024 }; /* bytes, into a socket to which nothing was written yet */

/* The meaning of a parameter, and what a second one of the same name does. */
enum meaning {
    SERVER,   /* of the web server's own, which knows what it does: the first one counts */
    REFUSED,  /* a client contradicts itself */
    JOINED,   /* both are parts of a list */
    DISTRUST, /* which of them counts is up to whoever sent them */
    PREFETCH, /* that a browser prefetches, under one of the names that they have had for it */
    SCRIPT,   /* that a page's script asks, whatever the value */
};

#define NAME(name)   name, sizeof(name) - 1
#define MEMBER(name) offsetof(struct request_head, name)

/* Routing looks at REQUEST_URI only: it is the one path that every web server passes on raw.
 * RESTMQ_CONTENT_LENGTH is the Content-Length of the client, from web servers that are told to hand
 * it over: mod_fcgid cuts a body over a limit of Apache, and makes CONTENT_LENGTH the length of
 * what is left. */
static const struct param {
    const char *name;
    size_t len;
    enum meaning meaning;
    size_t offset;
    const char *field; /* its name, where it is one of the client's that comes once */
} params[] = {
    {NAME("REQUEST_METHOD"),         SERVER,   MEMBER(method),           NULL             },
    {NAME("REQUEST_URI"),            SERVER,   MEMBER(target),           NULL             },
    {NAME("CONTENT_TYPE"),           SERVER,   MEMBER(content_type),     NULL             },
    {NAME("CONTENT_LENGTH"),         SERVER,   MEMBER(passed_length),    NULL             },
    {NAME("RESTMQ_CONTENT_LENGTH"),  SERVER,   MEMBER(content_length),   NULL             },
    {NAME("REMOTE_ADDR"),            SERVER,   MEMBER(peer),             NULL             },
    {NAME("REQUEST_SCHEME"),         SERVER,   MEMBER(scheme),           NULL             },
    {NAME("HTTPS"),                  SERVER,   MEMBER(https),            NULL             },
    {NAME("HTTP_CONTENT_ENCODING"),  DISTRUST, MEMBER(content_encoding), NULL             },
    {NAME("HTTP_ACCEPT"),            JOINED,   MEMBER(accept),           NULL             },
    {NAME("HTTP_IF_NONE_MATCH"),     DISTRUST, MEMBER(if_none_match),    NULL             },
    {NAME("HTTP_IDEMPOTENCY_KEY"),   REFUSED,  MEMBER(idempotency_key),  "Idempotency-Key"},
    {NAME("HTTP_X_FORWARDED_FOR"),   DISTRUST, MEMBER(forwarded_for),    NULL             },
    {NAME("HTTP_X_FORWARDED_PROTO"), DISTRUST, MEMBER(forwarded_proto),  NULL             },
    {NAME("HTTP_AUTHORIZATION"),     REFUSED,  MEMBER(authorization),    "Authorization"  },
    {NAME("HTTP_X_AUTHKEY"),         REFUSED,  MEMBER(authkey),          "X-Authkey"      },
    {NAME("HTTP_HOST"),              REFUSED,  MEMBER(host),             "Host"           },
    {NAME("HTTP_ORIGIN"),            REFUSED,  MEMBER(origin),           "Origin"         },
    {NAME("HTTP_SEC_FETCH_SITE"),    REFUSED,  MEMBER(fetch_site),       "Sec-Fetch-Site" },
    {NAME("HTTP_SEC_PURPOSE"),       PREFETCH, 0,                        NULL             },
    {NAME("HTTP_PURPOSE"),           PREFETCH, 0,                        NULL             },
    {NAME("HTTP_X_PURPOSE"),         PREFETCH, 0,                        NULL             },
    {NAME("HTTP_X_MOZ"),             PREFETCH, 0,                        NULL             },
    {NAME("HTTP_X_REQUESTED_WITH"),  SCRIPT,   0,                        NULL             },
};

/* Stands for several X-Forwarded-For, and is no address: which of them would count is up to whoever
 * sent them.  A client may write X_Forwarded_For, too, and some web servers hand over both under
 * the one name.  Likewise for several Content-Encoding and If-None-Match, and is no
 * encoding and no tag that we know. */
static const char several[] = "several";

/* A web server sends thirty of them and more, so most are told apart by their length. */
static const struct param *find_param(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
        if (params[i].len == len && memcmp(params[i].name, name, len) == 0)
            return &params[i];
    return NULL;
}

static void read_param(struct request_head *head, const struct param *param, const char *text,
                       struct buffer *accept)
{
    const char **value = (const char **)((char *)head + param->offset);

    if (param->meaning == PREFETCH)
        head->is_prefetch = head->is_prefetch || field_is_prefetch(text);
    else if (param->meaning == SCRIPT)
        head->is_scripts = true;
    else if (!*value)
        *value = text;
    else if (param->meaning == REFUSED)
        head->repeated = param->field;
    else if (param->meaning == JOINED)
        field_join(value, accept, ",", text);
    else if (param->meaning == DISTRUST)
        *value = several;
}

struct request_head gateway_head(char *const *envp, struct buffer *accept)
{
    struct request_head head = {0};

    for (; *envp; envp++) {
        size_t len = strcspn(*envp, "=");
        const struct param *param = find_param(*envp, len);

        if (param && (*envp)[len] == '=')
            read_param(&head, param, *envp + len + 1, accept);
    }
    if (!head.peer)
        head.peer = ""; /* nobody's address: only a socket of our own may have none */
    if (!head.content_length)
        head.content_length = head.passed_length;
    return head;
}

/* A peer that falls silent in the middle of our answer must not hold the process for ever.  Of the
 * request all is here that libfcgi reads. */
static void limit_silence(const FCGX_Request *fcgi)
{
    struct timeval timeout = {.tv_sec = LIMIT_PEER_SECONDS};

    setsockopt(fcgi->ipcFd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static bool is_at_end(FCGX_Stream *in)
{
    return FCGX_GetChar(in) == -1;
}

/* Reads what nobody wants, so that the web server can read our answer; up to a limit. */
static void drain(FCGX_Stream *in)
{
    char scratch[8192];
    long long drained = 0;
    int len;

    do {
        len = FCGX_GetStr(scratch, sizeof(scratch), in);
        drained += len;
    } while (len == (int)sizeof(scratch) && drained < LIMIT_DRAIN);
}

static enum status too_large(FCGX_Stream *in, long long max_body, struct reason *reason)
{
    drain(in);
    return request_too_large(max_body, reason);
}

/* Some servers do not say how long a streamed body is. */
static enum status read_to_end(FCGX_Stream *in, struct buffer *body, long long max_body,
                               struct reason *reason)
{
    int len, want;

    do {
        want = 64 * 1024;
        buffer_reserve(body, (size_t)want);
        len = FCGX_GetStr(body->data + body->len, want, in);
        body->len += (size_t)len;
        if ((long long)body->len > max_body)
            return too_large(in, max_body, reason);
    } while (len == want);
    return STATUS_OK;
}

/* HTTP says where a body ends, and a web server passes on no request whose body ended before.  So
 * the client has sent what is missing.  A web server has it no more, for instance, that gives a
 * request to a second process as the first one died. */
static enum status not_passed_on(struct reason *reason)
{
    return refuse(reason, STATUS_UNAVAILABLE,
                  "the web server did not pass on all of the body; nothing was done");
}

/* The web server says of itself that it passes on another length: it does so each time. */
static bool is_cut_on_purpose(const struct request_head *head)
{
    return head->passed_length && *head->passed_length &&
           strcmp(head->passed_length, head->content_length) != 0;
}

static enum status too_short(const struct request *request, struct reason *reason)
{
    if (is_cut_on_purpose(&request->head))
        return refuse(reason, STATUS_TOO_LARGE,
                      "the web server passes on %zu of the %lld bytes that Content-Length says",
                      request->body.len, request->content_length);
    return not_passed_on(reason);
}

static enum status read_exactly(FCGX_Stream *in, struct request *request, struct reason *reason)
{
    struct buffer *body = &request->body;
    size_t length = (size_t)request->content_length;

    if (length > 0) {
        buffer_reserve(body, length);
        body->len = (size_t)FCGX_GetStr(body->data, (int)length, in);
    }
    if (body->len < length)
        return too_short(request, reason);
    if (is_at_end(in))
        return STATUS_OK;
    drain(in);
    return refuse(reason, STATUS_BAD_REQUEST, "the body is longer than Content-Length says");
}

enum status gateway_read_body(FCGX_Request *fcgi, struct request *request, long long max_body,
                              struct reason *reason)
{
    enum status status;

    if (request->content_length > max_body)
        status = too_large(fcgi->in, max_body, reason);
    else if (request->content_length >= 0)
        status = read_exactly(fcgi->in, request, reason);
    else
        status = read_to_end(fcgi->in, &request->body, max_body, reason);
    if (request->body.data)
        request->body.data[request->body.len] = '\0';
    /* Only here libfcgi says that a body was cut off, by an abort or by a lost connection. */
    if (status == STATUS_OK && FCGX_GetError(fcgi->in) != 0)
        return not_passed_on(reason);
    return status;
}

bool gateway_begin(FCGX_Request *fcgi, const struct arrival *arrival)
{
    bool has_spool = arrival->spool >= 0;

    fcgi->ipcFd = has_spool ? arrival->spool : arrival->fd;
    fcgi->keepConnection = 1; /* else FCGX_Accept_r() would close it first */
    if (FCGX_Accept_r(fcgi) == 0)
        return true;
    if (has_spool)
        close(arrival->fd);
    return false;
}

void gateway_turn(FCGX_Request *fcgi, int fd)
{
    if (fcgi->ipcFd != fd)
        close(fcgi->ipcFd);
    fcgi->ipcFd = fd;
}

bool gateway_is_wanted(const FCGX_Request *fcgi)
{
    FCGI_Header head;
    ssize_t len = recv(fcgi->ipcFd, &head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);

    if (len < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return len > 0 && !(len == sizeof(head) && head.type == FCGI_ABORT_REQUEST);
}

static bool put(FCGX_Request *fcgi, const struct buffer *out)
{
    return FCGX_PutStr(out->data, (int)out->len, fcgi->out) == (int)out->len;
}

static bool put_source(FCGX_Request *fcgi, const struct response_source *source, struct buffer *out)
{
    bool has_more = true, is_put = true;

    while (has_more && is_put) {
        buffer_reset(out);
        has_more = source->more(source->user, out);
        is_put = put(fcgi, out);
    }
    return is_put;
}

/* The rest of the answer and its end are one write: libfcgi puts the end of the request behind the
 * stream that is closed last. */
static bool end_of_answer(FCGX_Request *fcgi)
{
    return FCGX_FClose(fcgi->err) == 0 && FCGX_FClose(fcgi->out) == 0;
}

bool gateway_send(FCGX_Request *fcgi, const struct response *response, bool without_body,
                  struct buffer *out)
{
    bool has_source = response->source.more && !without_body, is_sent;

    buffer_reset(out);
    response_write(response, "Status: ", without_body, out);
    if (out->len > ALWAYS_FITS || has_source)
        limit_silence(fcgi);
    is_sent = put(fcgi, out) && (!has_source || put_source(fcgi, &response->source, out)) &&
              end_of_answer(fcgi);
    if (!is_sent) /* or libfcgi would try to write the rest, and wait again */
        shutdown(fcgi->ipcFd, SHUT_RDWR);
    return is_sent;
}

bool gateway_finish(FCGX_Request *fcgi, const struct arrival *arrival, bool may_keep)
{
    bool is_whole = FCGX_HasSeenEOF(fcgi->in) && FCGX_GetError(fcgi->in) == 0, is_open;

    if (!may_keep || !is_whole || arrival->is_last)
        fcgi->keepConnection = 0;
    /* With the input read to its end nothing can be lost by closing at once.  Otherwise libfcgi
     * waits up to 2 s for the peer to close first, and so it does anyway unless detached.  A spool
     * was read to the end of what is there. */
    if (is_whole || arrival->spool >= 0)
        FCGX_Detach(fcgi);
    FCGX_Finish_r(fcgi);
    is_open = fcgi->ipcFd >= 0;
    fcgi->ipcFd = -1;
    fcgi->detached = 0;
    return is_open;
}
