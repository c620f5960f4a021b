-- leave: a helper's consumer is no more on a topic.
-- KEYS  presence, its rows of that helper
-- ARGV  connection id, topic, helper, channel of the topic's presence
-- reply 1 if it was there, else 0
-- is: writing
-- needs: announce
local row = try('HGET', KEYS[2], ARGV[1])
if not row then
    return 0
end
try('SCARD', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('SREM', KEYS[1], ARGV[3])
end
announce('leave', ARGV[4], ARGV[2], row)
return 1
