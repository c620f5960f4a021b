-- delete: one message, wherever it stands in the queue; with a lease's token this is the ack.
-- KEYS  list, leases, receipts, delayed, stats, and list, leases and delayed of the dead letters (of
--       dead letters: their own again)
-- ARGV  message key, token or "", longest list that is searched for the entry, how far the dead
--       letters are searched, clock
-- reply 1 if there was one, 0 if not, -1 if the token is not that of a lease in force, or if there
--       is one and no token was given
--
-- In a longer list the entry stays behind without its body, and take passes over it.
-- uses: deadline receipt
local list, leases, receipts, delayed, stats, dead, dead_leases, dead_delayed = unpack(KEYS)
local key, token, searches = ARGV[1], ARGV[2], tonumber(ARGV[3])
local deadline = try('ZSCORE', leases, key)
local is_leased = deadline and not is_over(deadline, now(ARGV[5]))
local _, held = read_receipt(try('HGET', receipts, key))
if token ~= '' then
    if not is_leased or held ~= token then
        return -1
    end
    redis.call('ZREM', leases, key)
    redis.call('HDEL', receipts, key)
    redis.call('UNLINK', key, key .. ':refcount')
    redis.pcall('HINCRBY', stats, 'acked', 1)
    return 1
elseif is_leased then
    return -1
end

-- A body without an entry, as an original RestMQ leaves it behind, may go too; but not that of a
-- dead letter, which has the same key and is not in this queue any more.
local is_long = try('LLEN', list) > searches
local is_here = deadline or try('ZSCORE', delayed, key) or
                redis.call('LPOS', list, key, 'RANK', -1, 'MAXLEN', searches)
if not is_here and dead ~= list then
    local limit = tonumber(ARGV[4])
    is_here = redis.call('EXISTS', key) == 1 and not try('ZSCORE', dead_leases, key) and
              not try('ZSCORE', dead_delayed, key) and try('LLEN', dead) <= limit and
              not redis.call('LPOS', dead, key, 'RANK', -1, 'MAXLEN', limit)
end
if not is_here then
    return 0
end
try('STRLEN', key)
try('ZCARD', delayed)
redis.call('ZREM', leases, key)
redis.call('ZREM', delayed, key)
if not is_long then
    redis.call('LREM', list, -1, key)
end
redis.call('UNLINK', key, key .. ':refcount')
redis.call('HDEL', receipts, key)
return 1
