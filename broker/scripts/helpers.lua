-- helpers: which of them are alive?
-- KEYS  helpers
-- ARGV  for how many ms they say it, how many at most, clock
-- reply their ids
-- is: reading
-- needs: alive
local from, to = recent(now(ARGV[3]), ARGV[1])
return try('ZRANGEBYSCORE', KEYS[1], from, to, 'LIMIT', 0, ARGV[2])
