-- join: a helper's consumer is on a topic from now on.
-- KEYS  presence, its rows of that helper, topics, topics of that helper, helpers, unused
-- ARGV  connection id, row, topic, helper, channel of the topic's presence
-- reply 1 if it was not there yet, else 0
--
-- Touches a topic and the lists of all topics and helpers, so it is not for a cluster.  The sets say
-- where there are rows: they change with the first row and the last.
-- is: writing
-- needs: announce
if try('HEXISTS', KEYS[2], ARGV[1]) == 1 then
    return 0
end
local is_first = redis.call('EXISTS', KEYS[2]) == 0
if is_first then
    for _, set in ipairs({KEYS[1], KEYS[3], KEYS[4], KEYS[5]}) do
        try('SCARD', set)
    end
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if is_first then
    redis.call('SADD', KEYS[1], ARGV[4])
    redis.call('SADD', KEYS[3], ARGV[3])
    redis.call('SADD', KEYS[4], ARGV[3])
    redis.call('SADD', KEYS[5], ARGV[4])
    redis.pcall('HDEL', KEYS[6], ARGV[3]) -- the queue of that name is used
end
announce('join', ARGV[5], ARGV[3], ARGV[2])
return 1
