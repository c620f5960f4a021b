-- note: writes down that those of these queues that are empty and unused are so from now on.
-- KEYS  unused; then of each queue: counter, its status, that of its dead letters, and what it has only
--       while it is not empty, has consumers or settings of its own
-- ARGV  clock; the names of the queues
-- reply how many are
--
-- Takes many queues in one call; with hash tags it takes one.
-- is: writing
-- needs: use
local unused, time, count, fresh, used = KEYS[1], now(ARGV[1]), #ARGV - 1, {}, {}
local parts = math.floor((#KEYS - 1) / count)
try('HLEN', unused)
for i = 1, count do
    local own = {unpack(KEYS, 2 + (i - 1) * parts, 1 + i * parts)}
    local counter, status, dead_status = unpack(redis.call('MGET', own[1], own[2], own[3]))
    if status == '0' or dead_status == '0' or redis.call('EXISTS', unpack(own, 4)) > 0 then
        used[#used + 1] = ARGV[1 + i]
    else
        fresh[#fresh + 1] = ARGV[1 + i]
        fresh[#fresh + 1] = use_row(time, counter)
    end
end

if #used > 0 then
    redis.call('HDEL', unused, unpack(used))
end
if #fresh > 0 then
    redis.call('HSET', unused, unpack(fresh))
    if redis.call('PTTL', unused) < 0 then
        redis.call('PEXPIRE', unused, HOUR)
    end
end
return #fresh / 2
