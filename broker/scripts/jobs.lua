-- jobs: the newest entries of a queue.
-- reads only
-- KEYS  list
-- ARGV  how many
-- reply length, keys newest first
local length = try('LLEN', KEYS[1])
return {length, redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)}
