-- set: starts or stops a queue for streaming consumers.
-- KEYS  status
-- ARGV  1 started, 0 stopped, channel of the queue's events
-- reply OK
try('STRLEN', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
redis.pcall('PUBLISH', ARGV[2], 'control')
return redis.status_reply('OK')
