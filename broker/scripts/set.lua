-- set: one small value (policy, status) of a queue.
-- KEYS  the value's key
-- ARGV  the value
-- reply OK
try('STRLEN', KEYS[1])
return redis.call('SET', KEYS[1], ARGV[1])
