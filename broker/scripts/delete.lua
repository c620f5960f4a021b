-- delete: one message, wherever it stands in the queue; not one that is leased, see ack.
-- KEYS  list, leases, receipts, delayed, and list, leases and delayed of the dead letters (of dead
--       letters: their own again), counter
-- ARGV  message key, longest list that is searched for the entry, how far the dead letters are
--       searched, clock
-- reply 1 if there was one, 0 if not, -1 if a lease is in force
--
-- In a longer list the entry stays behind without its body, and take passes over it.
-- uses: deadline
local list, leases, receipts, delayed, dead, dead_leases, dead_delayed = unpack(KEYS)
local key, searches = ARGV[1], tonumber(ARGV[2])
local deadline = try('ZSCORE', leases, key)
try('HLEN', receipts)
if deadline and not is_over(deadline, now(ARGV[4])) then
    return -1
end

-- A body without an entry, as an original RestMQ leaves it behind, may go too; but not that of a
-- dead letter, which has the same key and is not in this queue any more, nor what has a number that
-- the queue has not come to: that is somebody else's.
local is_long = try('LLEN', list) > searches
local is_here = deadline or try('ZSCORE', delayed, key) or
                redis.call('LPOS', list, key, 'RANK', -1, 'MAXLEN', searches)
if not is_here and dead ~= list then
    local limit, last = tonumber(ARGV[3]), tonumber(try('GET', KEYS[8])) or 0
    is_here = tonumber(string.match(key, '%d+$')) <= last and
              redis.call('EXISTS', key) == 1 and not try('ZSCORE', dead_leases, key) and
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
