-- seen: these topics have somebody, and some of those go that nobody has said that of for long.
-- KEYS  topics
-- ARGV  for how many ms it is said, how many go at most, clock, topic, …
-- reply how many have gone
--
-- A queue that is known costs no memory, so that a full Redis still lists it: the first of the writes is one
-- that it allows.
-- is: writing
-- needs: alive
local time, topics = math.floor(now(ARGV[3])), {}
local from, to = recent(time, ARGV[1])
local old = try('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. from, 'LIMIT', 0, ARGV[2])
if #old == 0 then
    old = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. to, '+inf', 'LIMIT', 0, ARGV[2])
end
for i = 4, #ARGV do
    topics[#topics + 1] = time
    topics[#topics + 1] = ARGV[i]
end
redis.call('ZREM', KEYS[1], '', unpack(old))
if #topics > 0 then
    redis.call('ZADD', KEYS[1], unpack(topics))
end
return #old
