/* grants.c - whether a Redis user may run what the programs run.
 *
 * Not asked for is what the programs can do without (INFO, CONFIG GET, CLIENT ID, CLIENT LIST), and
 * what the login has shown (EVAL, SELECT) or shows next (ROLE).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/grants.h"

#include "base/target.h"

#define TAGGED     "SPUBLISH SSUBSCRIBE SUNSUBSCRIBE "
#define IN_CLUSTER TAGGED "ASKING CLUSTER|SLOTS "

/* Redis takes the arguments of a command apart without counting them, so there are enough for each:
 * keys of ours, or the number of keys of EVALSHA. */
const char *const grants_text =
    "local names = 'DEL EVALSHA EXISTS EXPIRE GET GETRANGE HDEL HEXISTS HGET HGETALL HINCRBY '\n"
    "    .. 'HLEN HMGET HSCAN HSET INCR INCRBY LINDEX LLEN LPOS LPUSH LPUSHX LRANGE '\n"
    "    .. 'LREM LSET LTRIM MGET PERSIST PEXPIRE PING PTTL PUBLISH PUBSUB|NUMSUB RENAME RPOP "
    "RPUSH '\n"
    "    .. 'SADD SCARD SCRIPT|LOAD SET SETNX SISMEMBER SMEMBERS SRANDMEMBER SREM '\n"
    "    .. 'SSCAN STRLEN SUBSCRIBE TIME TYPE UNLINK UNSUBSCRIBE XADD XRANGE XTRIM ZADD ZCARD "
    "ZCOUNT '\n"
    "    .. 'ZINCRBY ZMSCORE ZRANGE ZRANGEBYSCORE ZREM ZREMRANGEBYRANK '\n"
    "    .. 'ZREVRANGEBYSCORE ZSCAN ZSCORE ' .. ARGV[1]\n"
    "local key, missing = 'restmq:', {}\n"
    "for name in string.gmatch(redis.acl_check_cmd and names or '', '%S+') do\n"
    "    local words = {}\n"
    "    for word in string.gmatch(name, '[^|]+') do words[#words + 1] = word end\n"
    "    for _, word in ipairs({key, name == 'EVALSHA' and '0' or key, key}) do\n"
    "        words[#words + 1] = word\n"
    "    end\n"
    "    local is_known, may = pcall(redis.acl_check_cmd, unpack(words))\n"
    "    if is_known and not may and #missing < 10 then missing[#missing + 1] = name end\n"
    "end\n"
    "if #missing == 0 then return redis.status_reply('OK') end\n"
    "return redis.error_reply('NOPERM this Redis user may not run ' .. "
    "table.concat(missing, ', '))\n";

const char *grants_of(const struct settings *settings)
{
    if (target_kind(settings->redis) == TARGET_CLUSTER)
        return settings->redis_wait.replicas ? IN_CLUSTER "WAIT " : IN_CLUSTER;
    if (settings->hash_tags)
        return settings->redis_wait.replicas ? TAGGED "WAIT " : TAGGED;
    return settings->redis_wait.replicas ? "WAIT " : "";
}
