-- join: a helper's consumer is on a topic from now on.
-- KEYS  presence, its rows of that helper, unused
-- ARGV  connection id, row, topic, helper, channel of the topic's presence
-- reply 1 if it was not there yet, else 0
--
-- Presence says at which helpers there are rows: it changes with the first row of one and its last.
-- is: writing
-- needs: announce
if try('HEXISTS', KEYS[2], ARGV[1]) == 1 then
    return 0
end
local is_first = redis.call('EXISTS', KEYS[2]) == 0
if is_first then
    try('SCARD', KEYS[1])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if is_first then
    redis.call('SADD', KEYS[1], ARGV[4])
    redis.pcall('HDEL', KEYS[3], ARGV[3]) -- the queue of that name is used
end
announce('join', ARGV[5], ARGV[3], ARGV[2])
return 1
