/* limits.h - every limit of the programs that is not a setting, with its reason.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* A name is part of several Redis keys and of URLs; RestMQ's users have short ones. */
#define LIMIT_NAME 128

/* Path and query string of a request: the longest route with a mount prefix, a fully
 * percent-encoded name and a short message; web servers allow about as much. */
#define LIMIT_TARGET 8192

/* The head of a request to restmq-wsd, the eight bytes of hixie-76 aside: what web servers let
 * through, so that a stream fails for no large cookie that other requests may have.  Apache takes
 * 100 fields of 8 KiB.  Heads that are not complete count in max_memory. */
#define LIMIT_HEAD (1024 * 1024)

/* Header fields of a request to restmq-wsd: nginx takes as many as fit into 32 KiB. */
#define LIMIT_HEAD_FIELDS 8192

/* A head that is not complete after that many seconds is a slow attack or a dead peer. */
#define LIMIT_HEAD_SECONDS 10

/* A connection to restmq-wsd that is kept for another request is closed after that many seconds
 * without one. */
#define LIMIT_KEPT_SECONDS 75

/* Requests of one connection to restmq-wsd that may be under way: as many as some send at once, and
 * each takes some 16 KiB. */
#define LIMIT_PIPELINE 256

/* A body that brings no byte in that many seconds is a slow attack or a dead peer; all of it must
 * be there after LIMIT_REQUEST_SECONDS. */
#define LIMIT_BODY_SECONDS 10

/* Open files of restmq-wsd that are not for connections: listening sockets, Redis, the loop, files
 * that are read again; with two addresses they are some twelve. */
#define LIMIT_FILES_KEPT 32

/* A form has few fields. */
#define LIMIT_FIELDS 100

/* One request runs its script at most this often, some milliseconds of Redis's time each, where
 * more is left to do than one call does: what is left then is for the sweeper, or for the next
 * request. */
#define LIMIT_STEPS 4

/* The head of one part of a multipart form: a file's name of 255 letters, written twice. */
#define LIMIT_PART_HEAD 4096

/* One script call handles at most this many messages: some milliseconds of Redis's time. */
#define LIMIT_BATCH 1000

/* The bytes of an answer of the helper to count=, as they are sent (six for a control byte): it
 * serves others meanwhile.  Fewer messages are given beyond it. */
#define LIMIT_ANSWER (4 * 1024 * 1024)

/* A request that libfcgi reads from the connection itself, and that is refused, is read and dropped
 * up to this many bytes, so that the web server sees our answer instead of a broken pipe.  What is
 * larger has been collected before, see LIMIT_REQUEST_SECONDS. */
#define LIMIT_DRAIN (64 * 1024 * 1024)

/* Ten years; a ttl beyond it is a mistake of units. */
#define LIMIT_TTL 315360000

/* A lease is for work in hand; twelve hours is SQS's limit too. */
#define LIMIT_LEASE 43200

/* Thirty days: a later message belongs in a calendar. */
#define LIMIT_DELAY 2592000

/* Deliveries after which a message may be given up; more is a mistake. */
#define LIMIT_DELIVERIES 1000

/* The longest queue that max_length may ask for. */
#define LIMIT_LENGTH 1000000000

/* What a channel may remember: messages, and bytes. */
#define LIMIT_KEEP       100000
#define LIMIT_KEEP_BYTES (1024 * 1024 * 1024)

/* The messages of one batch together, and those of one take.  Redis executes a script alone, and
 * needs some 3 ms for each MiB of bodies that goes through it, twice that where new memory costs
 * much (a virtual machine in another one): each byte is copied to Lua and from there.  A message
 * of the default max_message is as large. */
#define LIMIT_BATCH_BYTES (1024 * 1024)
#define LIMIT_TAKE_BYTES  (1024 * 1024)

/* An Idempotency-Key becomes part of a Redis key. */
#define LIMIT_ONCE 128

/* Why a message was released, which stands beside it in Redis, twice once it is a dead letter: a
 * sentence. */
#define LIMIT_REASON 200

/* Lines in the log, a second and a process, about requests that were refused for one reason: as
 * many as a person can use, and fail2ban; a flood of them must not fill the disk. */
#define LIMIT_REFUSAL_LINES 10

/* Lines a second about operations on more than one message. */
#define LIMIT_DONE_LINES 100

/* The name of a client's key, in the log. */
#define LIMIT_AUTHKEY_NAME 64

/* A client's key becomes part of a Redis key; a random one needs 32. */
#define LIMIT_AUTHKEY 128

/* Queues of one key; beyond some hundred a pattern is meant.  With LIMIT_JSON_VALUES in mind. */
#define LIMIT_AUTHKEY_QUEUES 1000

/* Seconds that a long-poll waits; proxies give up after 60 or so. */
#define LIMIT_WAIT 60

/* Queues named in one take of several: a call each. */
#define LIMIT_QUEUES 16

/* Queues in one page of a listing, and in one call that reads the state of many. */
#define LIMIT_PAGE 1000

/* Names that one request looks at for those that match; then it says where to go on. */
#define LIMIT_MATCHED 10000

/* Queues in the answer of /metrics: some 12 MB, written as it is read, and forty calls. */
#define LIMIT_METRICS 10000

/* Nesting of a JSON command; json-c's own default. */
#define LIMIT_JSON_DEPTH 32

/* Values in a JSON command: a batch of keys with their tokens, an object each, and some more.  A
 * parsed value takes hundreds of bytes. */
#define LIMIT_JSON_VALUES 4000

/* 2^53: a larger whole number may not be exact in Lua, nor in JSON. */
#define LIMIT_EXACT 9007199254740992LL

/* RestMQ's jobs page shows the newest ten. */
#define LIMIT_JOBS 10

/* Browsing: messages of a page; bytes of a body that are shown, and that are searched; bytes of the
 * text that is looked for; steps of a request with one, each about a millisecond of Redis's time.
 */
#define LIMIT_BROWSE       100
#define LIMIT_BROWSE_CUT   65536
#define LIMIT_BROWSE_TEXT  200
#define LIMIT_BROWSE_STEPS 20

/* A peer that does not read an answer on a FastCGI connection is given up after this many seconds.
 */
#define LIMIT_PEER_SECONDS 30

/* A request must be complete after that many seconds from the web server; slow clients are its to
 * wait for, but not for ever.  A body that is too large is read and dropped as long as that, so
 * that the web server sees our 413. */
#define LIMIT_REQUEST_SECONDS 300

/* A connection of the web server's without a request is closed after that many seconds.  It must be
 * longer than the web server keeps one itself: nginx does for 60 seconds. */
#define LIMIT_IDLE_SECONDS 300

/* What is kept of a request that is not complete: twice max_body, since records may be as short as
 * their heads, and this much for parameters, of which web servers allow less. */
#define LIMIT_PARAMS (1024 * 1024)

/* Bytes of all unfinished requests of a process: this much, or this many bodies, whichever is more.
 * A client without any right may send them. */
#define LIMIT_SPOOLS         (64 * 1024 * 1024)
#define LIMIT_SPOOLED_BODIES 8

/* Request-sized buffers above this are given back after the request. */
#define LIMIT_KEPT_BUFFER (1024 * 1024)

/* Nodes of a Redis Cluster that one call is sent on to, as each said that another has its keys: one
 * is enough unless slots move meanwhile, and nodes that name each other must not go on for ever. */
#define LIMIT_REDIRECTS 5

/* A call whose keys are on their way to another node is sent again.  restmq.fcgi does so after 4,
 * 8, 16 and 32 ms, no longer: a process that waits serves nobody. */
#define LIMIT_PAUSES         4
#define LIMIT_FIRST_PAUSE_MS 4

/* restmq-wsd serves others meanwhile: so it does every 20 ms, half a second long. */
#define LIMIT_PARKED_MS       500
#define LIMIT_PARKED_PAUSE_MS 20

/* A server of a pool is named by its host and port, or by a URL. */
#define LIMIT_SERVER 255

/* Servers in one pool: a script may have to read them all, and a ring of them takes 1.3 MB. */
#define LIMIT_SERVERS 1000

/* Servers that one request chooses. */
#define LIMIT_REPLICAS 100

/* The key by which something is placed on a ring: a path, a URL. */
#define LIMIT_PLACED 4096

#endif
