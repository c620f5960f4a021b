/* tls.c - TLS to Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/watched.h"

enum { FILES = 3 };

struct tls_context {
    SSL_CTX *ctx; /* NULL: not made yet */
    struct stat seen[FILES];
};

struct tls {
    SSL *ssl;     /* NULL: the files could not be read */
    char *name;   /* that Redis's certificate must have */
    bool is_open; /* the handshake is done, and nothing failed */
    char why[256];
};

struct tls_context *tls_context_new(void)
{
    struct tls_context *context = xmalloc(sizeof(*context));

    *context = (struct tls_context){0};
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (!context)
        return;
    tls_context_forget(context);
    free(context);
}

void tls_context_forget(struct tls_context *context)
{
    SSL_CTX_free(context->ctx);
    context->ctx = NULL;
}

/* --- certificates and keys -------------------------------------------------------------------- */

/* The cause of what failed comes first. */
static const char *openssl_reason(void)
{
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);

    if (ERR_GET_LIB(error) == ERR_LIB_SYS)
        return strerror(ERR_GET_REASON(error));
    return reason ? reason : "OpenSSL does not say why";
}

/* There is no terminal to ask for the password of a key. */
static int no_password(char *password, int size, int is_writing, void *user)
{
    (void)password, (void)size, (void)is_writing, (void)user;
    return -1;
}

/* The name of the setting that is wrong; NULL: none is. */
static const char *read_files(SSL_CTX *ctx, const struct redis_tls *settings)
{
    if (*settings->ca ? SSL_CTX_load_verify_locations(ctx, settings->ca, NULL) != 1
                      : SSL_CTX_set_default_verify_paths(ctx) != 1)
        return "redis_tls_ca";
    if (!*settings->cert)
        return NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, settings->cert) != 1)
        return "redis_tls_cert";
    if (SSL_CTX_use_PrivateKey_file(ctx, settings->key, SSL_FILETYPE_PEM) != 1)
        return "redis_tls_key";
    return NULL;
}

static SSL_CTX *make(const struct redis_tls *settings, char *why, size_t size)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    const char *wrong;

    if (!ctx)
        abort(); /* out of memory */
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    /* What wants to be read is never needed for writing then. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 0); /* see tls_read() */
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    wrong = read_files(ctx, settings);
    if (!wrong)
        return ctx;
    snprintf(why, size, "%s: it cannot be used: %s", wrong, openssl_reason());
    SSL_CTX_free(ctx);
    return NULL;
}

bool tls_check(const struct settings *settings, char *text, size_t size)
{
    SSL_CTX *ctx;

    if (!settings->redis_tls.is_on)
        return true;
    ctx = make(&settings->redis_tls, text, size);
    SSL_CTX_free(ctx);
    return ctx;
}

static void look(const struct redis_tls *settings, struct stat *seen)
{
    const char *files[FILES] = {settings->ca, settings->cert, settings->key};

    for (int i = 0; i < FILES; i++)
        if (stat(files[i], &seen[i]) != 0)
            memset(&seen[i], 0, sizeof(seen[i]));
}

/* The context of the settings, made anew where one of its files has changed.  NULL: why not. */
static SSL_CTX *context_of(struct tls_context *context, const struct redis_tls *settings, char *why,
                           size_t size)
{
    struct stat now[FILES];
    bool is_same = true;

    look(settings, now);
    for (int i = 0; i < FILES; i++)
        is_same = is_same && watched_is_same(&now[i], &context->seen[i]);
    if (context->ctx && is_same)
        return context->ctx;
    tls_context_forget(context);
    memcpy(context->seen, now, sizeof(now));
    context->ctx = make(settings, why, size);
    return context->ctx;
}

/* --- a session -------------------------------------------------------------------------------- */

static bool is_number(const char *name)
{
    struct in6_addr number;

    return inet_pton(AF_INET, name, &number) == 1 || inet_pton(AF_INET6, name, &number) == 1;
}

/* The name that must stand in the certificate. */
static bool expect(SSL *ssl, const char *name)
{
    if (is_number(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct tls *tls_new(struct tls_context *context, const struct redis_tls *settings, const char *host,
                    int fd)
{
    struct tls *tls = xmalloc(sizeof(*tls));
    SSL_CTX *ctx;

    *tls = (struct tls){.name = xstrdup(*settings->name ? settings->name : host)};
    ctx = context_of(context, settings, tls->why, sizeof(tls->why));
    if (!ctx)
        return tls;
    tls->ssl = SSL_new(ctx);
    if (!tls->ssl)
        abort(); /* out of memory */
    if (expect(tls->ssl, tls->name) && SSL_set_fd(tls->ssl, fd) == 1) {
        SSL_set_connect_state(tls->ssl);
        return tls;
    }
    snprintf(tls->why, sizeof(tls->why), "no certificate has a name like %s", tls->name);
    SSL_free(tls->ssl);
    tls->ssl = NULL;
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    if (tls->is_open)
        SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    free(tls->name);
    free(tls);
}

static void note_certificate(struct tls *tls, long result)
{
    const char *text = X509_verify_cert_error_string(result);

    if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
        snprintf(tls->why, sizeof(tls->why), "certificate verify failed: it is not one of %s",
                 tls->name);
    else
        snprintf(tls->why, sizeof(tls->why), "certificate verify failed: %s", text);
}

/* Redis that dies does not say good-bye, which is an error for OpenSSL 3 and none for 1.1. */
static bool is_end(int error)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    if (error == SSL_ERROR_SSL &&
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return true;
#endif
    return error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && !errno);
}

/* The session has failed, and is of no use any more. */
static enum io fail(struct tls *tls, int error)
{
    long result = SSL_get_verify_result(tls->ssl);
    int code = errno;

    tls->is_open = false;
    if (result != X509_V_OK)
        note_certificate(tls, result);
    else if (is_end(error))
        snprintf(tls->why, sizeof(tls->why), "Redis closed the connection");
    else if (error == SSL_ERROR_SYSCALL)
        snprintf(tls->why, sizeof(tls->why), "%s", strerror(code));
    else
        snprintf(tls->why, sizeof(tls->why), "%s", openssl_reason());
    ERR_clear_error();
    return IO_ENDED;
}

static enum io result_of(struct tls *tls, int result)
{
    int error;

    if (result > 0)
        return IO_DONE;
    error = SSL_get_error(tls->ssl, result);
    switch (error) {
    case SSL_ERROR_WANT_READ:
        return IO_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WANTS_WRITE;
    default:
        return fail(tls, error);
    }
}

/* The two things by which result_of() knows what failed. */
static void begin(void)
{
    ERR_clear_error();
    errno = 0;
}

enum io tls_shake(struct tls *tls)
{
    enum io io;

    if (!tls->ssl)
        return IO_ENDED;
    begin();
    io = result_of(tls, SSL_do_handshake(tls->ssl));
    tls->is_open = io == IO_DONE;
    return io;
}

/* Redis hangs up on a certificate that it does not like.  Where the next write is what fails, the
 * reason waits to be read. */
static void read_reason(struct tls *tls)
{
    char byte;
    size_t count;

    begin();
    if (SSL_read_ex(tls->ssl, &byte, 1, &count) != 1 && ERR_peek_error() != 0)
        fail(tls, SSL_ERROR_SSL);
}

enum io tls_write(struct tls *tls, const char *data, size_t len, size_t *count)
{
    enum io io;

    *count = 0;
    if (!tls->is_open)
        return IO_ENDED;
    begin();
    io = result_of(tls, SSL_write_ex(tls->ssl, data, len, count));
    if (io == IO_ENDED)
        read_reason(tls);
    return io;
}

enum io tls_read(struct tls *tls, char *data, size_t size, size_t *count)
{
    *count = 0;
    if (!tls->is_open)
        return IO_ENDED;
    begin();
    return result_of(tls, SSL_read_ex(tls->ssl, data, size, count));
}

bool tls_is_hung_up(struct tls *tls)
{
    char byte;
    size_t count;

    if (!tls->is_open)
        return true;
    begin();
    return result_of(tls, SSL_peek_ex(tls->ssl, &byte, 1, &count)) != IO_WANTS_READ;
}

const char *tls_why(const struct tls *tls)
{
    return tls->why;
}
