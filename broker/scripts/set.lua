-- set: one small value (policy, status) of a queue.
-- KEYS  the value's key
-- ARGV  the value, channel of the queue's events, what to say there
-- reply OK
try('STRLEN', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return redis.status_reply('OK')
