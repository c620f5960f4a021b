-- delete: one message, wherever it stands in the queue; not one that is leased, see ack.
-- KEYS  list, leases, receipts, delayed, and the same of the dead letters (of dead letters: their own
--       again), counter, foreign keys
-- ARGV  message key, longest list that is searched, clock, 1 to delete a leased one too or 0
-- reply 1 if there was one, 0 if not, -2 if nobody can tell whether it is a dead letter; or, if a lease
--       is in force, its end in whole ms
--
-- In a longer list the entry stays behind without its body, and take passes over it.
-- is: writing
-- needs: deadline receipt find holder
local list, leases, receipts, delayed = unpack(KEYS)
local key = ARGV[1]
local is_here, deadline, due, is_long = find_message(KEYS, key, tonumber(ARGV[2]))
local _, token = read_receipt(try('HGET', receipts, key))
if deadline and not is_over(deadline, now(ARGV[3])) and ARGV[4] ~= '1' then
    return math.floor(tonumber(deadline))
elseif is_here == nil then
    return -2
elseif not is_here then
    return 0
end
try('STRLEN', key)
redis.call('ZREM', leases, key)
redis.call('ZREM', delayed, key)
if not is_long then
    redis.call('LREM', list, -1, key)
end
redis.call('UNLINK', key, key .. ':refcount')
if deadline or due or not is_long then -- else it goes with the entry
    redis.call('HDEL', receipts, key)
end
if deadline then
    tell_holder(leases, key, token)
end
return 1
