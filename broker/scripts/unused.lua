-- unused: for how long have these queues been empty and unused, by what note.lua has written down?
-- KEYS  unused, counter of each queue
-- ARGV  for how many ms, clock; the names of the queues
-- reply a string with a byte for each queue: 1 for so long, 0 not yet, 2 nothing is noted that still holds
--
-- Takes many queues in one call; with hash tags it takes one.
-- is: writing
-- needs: use
local unused, time, bytes = KEYS[1], now(ARGV[2]), {}
if #ARGV == 2 then
    return ''
end

local rows, counters = try('HMGET', unused, unpack(ARGV, 3)), redis.call('MGET', unpack(KEYS, 2))
for i, row in ipairs(rows) do
    local since = unused_since(row, counters[i])
    bytes[i] = not since and '2' or since <= time - ARGV[1] and '1' or '0'
end
if redis.call('PTTL', unused) < HOUR / 2 then
    redis.call('PEXPIRE', unused, HOUR)
end
return table.concat(bytes)
