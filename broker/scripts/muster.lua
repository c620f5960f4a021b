-- muster: how many helpers are alive, and how many of them have said so since some moment?
-- KEYS  helpers
-- ARGV  for how many ms they say it, that moment in ms, clock
-- reply now in ms, how many are alive, how many have said so since that moment
-- is: reading
-- needs: alive
local time = now(ARGV[3])
local from, to = recent(time, ARGV[1])
return {math.floor(time), try('ZCOUNT', KEYS[1], from, to),
        try('ZCOUNT', KEYS[1], math.max(from, ARGV[2]), to)}
