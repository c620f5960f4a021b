-- leave: a helper's consumer is no more on a topic.
-- KEYS  as join
-- ARGV  connection id, topic, helper, channel of the topic's presence
-- reply 1 if it was there, else 0
--
-- As join it is not for a cluster.
-- is: writing
-- needs: announce vacate
local row = try('HGET', KEYS[2], ARGV[1])
if not row then
    return 0
end
for _, set in ipairs({KEYS[1], KEYS[3], KEYS[4]}) do
    try('SCARD', set)
end
redis.call('HDEL', KEYS[2], ARGV[1])
vacate(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[2], ARGV[3])
announce('leave', ARGV[4], ARGV[2], row)
return 1
