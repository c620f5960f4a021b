/* client.c - requests to the broker, over libcurl.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/client.h"

#include "config.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/broker_access.h"
#include "cli/program.h"
#include "cli/verdict.h"

enum {
    PATIENCE_SECONDS = 20,
    PATIENCE_MOST = 240, /* well below the 300 s for which the broker remembers a push */
    ANSWER_SECONDS = 30, /* one try, on top of what a long-poll waits; Redis is given 5 */
    CONNECT_SECONDS = 10,
    PAUSE_MS = 200, /* behind the first try; twice that behind the next */
    PAUSE_MOST_MS = 5000,
};

struct client {
    CURL *curl;
    struct access_to access;
    unsigned patience_seconds; /* as the order says */
    unsigned answer_seconds, patience_now;
    const volatile bool *stop;
    struct result *answer; /* of the request in hand */
    client_piece *piece;   /* NULL: no stream */
    void *user;
    bool is_over;     /* the piece's function has said so */
    bool is_too_long; /* the answer */
    long retry_after; /* seconds; 0: not said */
    char error[CURL_ERROR_SIZE];
};

/* --- what comes in -------------------------------------------------------------------------- */

/* False: it is another header. */
static bool keep_header(const char *line, size_t len, const char *name, char *place)
{
    size_t name_len = strlen(name);

    if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
        return false;
    for (line += name_len + 1, len -= name_len + 1; len && (*line == ' ' || *line == '\t'); len--)
        line++;
    while (len && strchr("\r\n \t", line[len - 1]))
        len--;
    snprintf(place, CLIENT_FACT, "%.*s", (int)len, line);
    return true;
}

/* <?cursor=123&limit=1000>; rel="next" */
static void read_link(char *next)
{
    char *end = strchr(next, '>');

    if (!end || strncmp(next, "<?", 2) != 0 || !strstr(end, "rel=\"next\"")) {
        *next = '\0';
        return;
    }
    *end = '\0';
    memmove(next, next + 2, strlen(next + 2) + 1);
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct client *client = user;
    struct result *answer = client->answer;
    char retry[CLIENT_FACT];
    long long seconds;

    if (keep_header(line, size * count, "Link", answer->next))
        read_link(answer->next);
    if (keep_header(line, size * count, "Retry-After", retry) &&
        number_parse(retry, strlen(retry), 0, PATIENCE_MOST, &seconds))
        client->retry_after = (long)seconds;
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct client *client = user;
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (client->piece && status == 200) {
        client->is_over = !client->piece(client->user, data, size * count);
        return client->is_over ? 0 : size * count;
    }
    if (client->answer->body.len + size * count > CLIENT_BODY) {
        client->is_too_long = true;
        return 0;
    }
    buffer_add(&client->answer->body, data, size * count);
    return size * count;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct client *client = user;

    (void)a, (void)b, (void)c, (void)d;
    return client->stop && *client->stop;
}

/* --- one try -------------------------------------------------------------------------------- */

static struct curl_slist *add_field(struct curl_slist *list, const char *name, const char *value)
{
    struct buffer line = {0};

    buffer_addf(&line, "%s: %s", name, value);
    list = curl_slist_append(list, line.data);
    buffer_clear(&line);
    return list;
}

static struct curl_slist *list_fields(const struct client *client, const struct ask *ask)
{
    struct curl_slist *list =
        add_field(NULL, "Accept", ask->accept ? ask->accept : "application/json");

    if (ask->type)
        list = add_field(list, "Content-Type", ask->type);
    else
        list = curl_slist_append(list, "Content-Type:");
    if (ask->once)
        list = add_field(list, "Idempotency-Key", ask->once);
    if (client->access.authkey)
        list = add_field(list, "X-Authkey", client->access.authkey);
    return curl_slist_append(list, "Expect:");
}

static void set_credentials(const struct client *client)
{
    const struct access_to *access = &client->access;

    if (access->user || access->password) {
        curl_easy_setopt(client->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(client->curl, CURLOPT_USERNAME, access->user ? access->user : "");
        curl_easy_setopt(client->curl, CURLOPT_PASSWORD, access->password ? access->password : "");
    }
    if (access->ca)
        curl_easy_setopt(client->curl, CURLOPT_CAINFO, access->ca);
}

static void set_method(CURL *curl, const struct ask *ask)
{
    bool has_body = ask->type || strcmp(ask->method, "POST") == 0;

    if (has_body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->len ? ask->body : "");
    }
    if (!has_body || strcmp(ask->method, "POST") != 0)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ask->method);
}

/* libcurl sends a request again by itself when a connection that was kept had ended meanwhile: a
 * new connection where that would do harm. */
static void set_up(struct client *client, const struct ask *ask, const char *url,
                   struct curl_slist *fields)
{
    CURL *curl = client->curl;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, PROGRAM "/" PACKAGE_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    if (!client->piece)
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)client->answer_seconds + ask->wait_seconds);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, ask->repeat == REPEAT_SAFE ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, client->stop ? 0L : 1L);
    set_credentials(client);
    set_method(curl, ask);
}

static void begin_answer(struct result *answer)
{
    struct buffer body = answer->body;
    bool is_second = answer->is_second;

    buffer_reset(&body);
    *answer = (struct result){.body = body, .is_second = is_second};
}

static CURLcode try_once(struct client *client, const struct ask *ask, struct result *answer)
{
    struct curl_slist *fields = list_fields(client, ask);
    struct buffer url = {0};
    CURLcode code;
    long status = 0;

    begin_answer(answer);
    client->answer = answer;
    client->is_too_long = client->is_over = false;
    client->retry_after = 0;
    *client->error = '\0';
    buffer_addf(&url, "%s%s", client->access.url, ask->target);
    set_up(client, ask, url.data, fields);
    code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    curl_slist_free_all(fields);
    buffer_clear(&url);
    return code;
}

/* --- what became of it ---------------------------------------------------------------------- */

static bool is_json(struct client *client)
{
    const char *type = NULL;

    curl_easy_getinfo(client->curl, CURLINFO_CONTENT_TYPE, &type);
    return type && strncasecmp(type, "application/json", 16) == 0;
}

/* Before anything of the request was sent. */
static bool is_unsent(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return true;
    default:
        return false;
    }
}

static struct verdict understand(struct client *client, const struct ask *ask, CURLcode code,
                                 struct result *answer)
{
    if (code == CURLE_OK)
        return verdict_of(answer->status, is_json(client), !ask->accept, &answer->body, answer->why,
                          sizeof(answer->why));
    if (client->is_too_long) {
        snprintf(answer->why, sizeof(answer->why), "%s: this is no broker: its answer is endless",
                 client->access.url);
        return (struct verdict){OUTCOME_FAILED, VERDICT_FINAL};
    }
    snprintf(answer->why, sizeof(answer->why), "%s: %s", client->access.url,
             *client->error ? client->error : curl_easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
        code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
        return (struct verdict){OUTCOME_UNREACHED, VERDICT_FINAL};
    if (is_unsent(code))
        return (struct verdict){OUTCOME_UNREACHED, VERDICT_UNDONE};
    return (struct verdict){OUTCOME_UNKNOWN, VERDICT_OPEN};
}

static bool is_stopped(const struct client *client)
{
    return client->stop && *client->stop;
}

/* In steps, as somebody may say stop. */
static void pause_ms(const struct client *client, long long ms)
{
    for (long long end = clock_ms() + ms; clock_ms() < end && !is_stopped(client);)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static long long next_pause(const struct client *client, int tries)
{
    long long ms = (long long)PAUSE_MS << (tries < 6 ? tries : 6);

    if (client->retry_after > 0)
        return client->retry_after * 1000;
    return ms < PAUSE_MOST_MS ? ms : PAUSE_MOST_MS;
}

enum outcome client_ask(struct client *client, const struct ask *ask, struct result *answer)
{
    long long end = clock_ms() + 1000LL * client->patience_now;

    client->piece = NULL;
    answer->is_second = false;
    for (int tries = 0;; tries++) {
        CURLcode code = try_once(client, ask, answer);
        struct verdict meaning = understand(client, ask, code, answer);
        long long pause = next_pause(client, tries);

        if (meaning.outcome == OUTCOME_DONE || meaning.next == VERDICT_FINAL ||
            (meaning.next == VERDICT_OPEN && ask->repeat == REPEAT_UNDONE) || is_stopped(client) ||
            clock_ms() + pause > end)
            return answer->is_second && meaning.next == VERDICT_UNDONE ? OUTCOME_UNKNOWN
                                                                       : meaning.outcome;
        answer->is_second = answer->is_second || meaning.next == VERDICT_OPEN;
        pause_ms(client, pause);
    }
}

enum outcome client_must(struct client *client, const struct ask *ask, struct result *answer)
{
    enum outcome outcome = client_ask(client, ask, answer);

    if (outcome == OUTCOME_UNKNOWN)
        order_fail("%s; it is not known whether it was done", answer->why);
    else if (outcome != OUTCOME_DONE)
        order_fail("%s", answer->why);
    return outcome;
}

enum outcome client_stream(struct client *client, const char *target, client_piece *piece,
                           void *user, struct result *answer)
{
    struct ask ask = {.method = "GET", .target = target, .accept = "text/event-stream"};
    CURLcode code;

    client->piece = piece;
    client->user = user;
    answer->is_second = false;
    code = try_once(client, &ask, answer);
    client->piece = NULL;
    if (client->is_over)
        return OUTCOME_DONE;
    if (code == CURLE_OK && answer->status == 200) {
        snprintf(answer->why, sizeof(answer->why), "the stream has ended");
        return OUTCOME_UNREACHED;
    }
    return understand(client, &ask, code, answer).outcome;
}

/* --- beginning and end ---------------------------------------------------------------------- */

struct client *client_open(const struct order *order, enum outcome *outcome)
{
    struct client *client = xmalloc(sizeof(*client));
    long long patience = PATIENCE_SECONDS;

    *client = (struct client){.curl = NULL};
    if (!order_number(order, ORDER_PATIENCE, 0, PATIENCE_MOST, &patience)) {
        *outcome = OUTCOME_MISUSED;
        client_close(client);
        return NULL;
    }
    client->patience_seconds = (unsigned)patience;
    client_limit(client, 0, 0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!access_read(&client->access, order, outcome)) {
        client_close(client);
        return NULL;
    }
    client->curl = curl_easy_init();
    return client;
}

void client_forked(struct client *client)
{
    client->curl = curl_easy_init(); /* the old one is left as it is, with its connection */
}

void client_limit(struct client *client, unsigned answer_seconds, unsigned patience_seconds)
{
    client->answer_seconds = answer_seconds ? answer_seconds : ANSWER_SECONDS;
    client->patience_now = answer_seconds ? patience_seconds : client->patience_seconds;
}

void client_stop_on(struct client *client, const volatile bool *stop)
{
    client->stop = stop;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->curl)
        curl_easy_cleanup(client->curl);
    access_clear(&client->access);
    free(client);
}

void result_clear(struct result *answer)
{
    buffer_clear(&answer->body);
}

void client_make_once(char once[CLIENT_ONCE])
{
    unsigned char bytes[(CLIENT_ONCE - 1) / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        abort();
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(once + 2 * i, 3, "%02x", bytes[i]);
}
