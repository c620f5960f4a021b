-- runs: when samples were taken.
-- KEYS  index
-- ARGV  clock
-- reply now in whole ms, and the text of indexed.lua or ""
-- is: reading
return {string.format('%.0f', math.floor(now(ARGV[1]))), try('HGET', KEYS[1], 'runs') or ''}
