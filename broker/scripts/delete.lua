-- delete: one message, wherever it stands in the queue; not one that is leased, see ack.
-- KEYS  list, leases, receipts, delayed, and the same of the dead letters (of dead letters: their own
--       again), counter, foreign keys
-- ARGV  message key, longest list that is searched, clock
-- reply 1 if there was one, 0 if not, -1 if a lease is in force, -2 if nobody can tell whether it is a
--       dead letter
--
-- In a longer list the entry stays behind without its body, and take passes over it.
-- uses: deadline
local list, leases, receipts, delayed, dead, dead_leases, dead_receipts, dead_delayed = unpack(KEYS)
local key, searches = ARGV[1], tonumber(ARGV[2])
local deadline = try('ZSCORE', leases, key)
try('HLEN', receipts)
if deadline and not is_over(deadline, now(ARGV[3])) then
    return -1
end

-- Is the message, which has a body, a dead letter?  Those have receipts, but for what an early
-- version or another program put there; where there may be such ones, both ends are searched.  nil:
-- unknown.
local function is_dead_letter()
    local length = try('LLEN', dead)
    if try('HEXISTS', dead_receipts, key) == 1 then
        return true
    elseif length > 2 * searches and try('HLEN', dead_receipts) ==
           length + try('ZCARD', dead_leases) + try('ZCARD', dead_delayed) then
        return false
    elseif redis.call('LPOS', dead, key, 'RANK', -1, 'MAXLEN', searches) or
           redis.call('LPOS', dead, key, 'MAXLEN', searches) then
        return true
    elseif length <= 2 * searches then
        return false
    end
end

-- A body without an entry, as an original RestMQ leaves it behind, may go too; but not that of a
-- dead letter, which has the same key and is not in this queue any more, nor another program's: one
-- that a push has passed over, or with a number that the queue has not come to.
local is_long = try('LLEN', list) > searches
local is_elsewhere = deadline or try('ZSCORE', delayed, key)
local is_here = is_elsewhere or not is_long and redis.call('LPOS', list, key)
if not is_here and redis.call('EXISTS', key) == 1 and try('SISMEMBER', KEYS[10], key) == 0 and
   tonumber(string.match(key, '%d+$')) <= (tonumber(try('GET', KEYS[9])) or 0) then
    local is_dead = is_dead_letter()
    if is_dead == nil then
        return -2
    end
    is_here = is_dead == (dead == list)
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
if is_elsewhere or not is_long then -- else it goes with the entry
    redis.call('HDEL', receipts, key)
end
return 1
