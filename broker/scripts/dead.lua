-- dead: some helpers that are not alive.
-- KEYS  helpers
-- ARGV  for how many ms they say that they are, how many at most, clock
-- reply their ids
-- is: reading
-- needs: alive
local from, to = recent(now(ARGV[3]), ARGV[1])
local dead = try('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. from, 'LIMIT', 0, ARGV[2])
if #dead == 0 then
    dead = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. to, '+inf', 'LIMIT', 0, ARGV[2])
end
return dead
