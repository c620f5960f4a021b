-- control: starts or stops a queue for streaming consumers, or its takes or pushes for all.
-- KEYS  status, settings
-- ARGV  "streams", "takes" or "pushes"; 1 to start, 0 to stop; channel of the queue's events
-- reply the status or "", an array name, value, … of the settings
-- is: writing
try('STRLEN', KEYS[1])
try('HLEN', KEYS[2])
if ARGV[1] == 'streams' then
    redis.call('SET', KEYS[1], ARGV[2])
elseif ARGV[2] == '0' then
    redis.call('HSET', KEYS[2], 'held_' .. ARGV[1], 1)
else
    redis.call('HDEL', KEYS[2], 'held_' .. ARGV[1])
end
publish(ARGV[3], 'control')
return {redis.call('GET', KEYS[1]) or '', redis.call('HGETALL', KEYS[2])}
