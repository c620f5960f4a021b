-- remember: how much a channel remembers.
-- KEYS  settings of the log, log
-- ARGV  keep, keep_bytes, keep_s, each "" where it stays as it is; clock
-- reply {keep, keep_bytes, keep_s}; or {-1} where the channel keeps nothing and is not told how many messages
-- is: writing
-- needs: remembered
local log = remembered(KEYS[1])
if ARGV[1] == '0' then
    redis.call('UNLINK', KEYS[1], KEYS[2])
    return {0, 0, 0}
elseif ARGV[1] == '' and log.keep == 0 then
    return {-1}
end
local is_new = log.keep == 0
local keep = tonumber(ARGV[1]) or log.keep
local bytes, seconds = tonumber(ARGV[2]) or log.bytes, tonumber(ARGV[3]) or log.seconds
if bytes == 0 then
    bytes = 16777216
end
try('HSET', KEYS[1], 'keep', keep, 'keep_bytes', bytes)
if seconds > 0 then
    redis.call('HSET', KEYS[1], 'keep_s', seconds)
else
    redis.call('HDEL', KEYS[1], 'keep_s')
end
if is_new then -- what an earlier log has left is none of this one
    local of = redis.call('TIME')
    redis.call('UNLINK', KEYS[2])
    redis.call('HSET', KEYS[1], 'epoch', string.format('%x%05x', of[1], of[2]), 'last', '0 0 0 0')
elseif seconds > 0 then
    redis.call('PEXPIRE', KEYS[2], math.max(1, log.ms + seconds * 1000 - math.floor(now(ARGV[4]))))
else
    redis.call('PERSIST', KEYS[2])
end
return {keep, bytes, seconds}
