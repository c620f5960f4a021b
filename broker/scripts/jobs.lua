-- jobs: the newest entries of a queue.
-- KEYS  list
-- ARGV  how many
-- reply length, keys newest first
-- is: reading
local length = try('LLEN', KEYS[1])
return {length, redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)}
