-- exists: which of these keys are there?
-- KEYS  any
-- ARGV  how many of them
-- reply a string of "1" and "0", one for each
--
-- Takes many queues in one call; with hash tags it takes one.
-- is: reading
local found = {}
for i = 1, ARGV[1] do
    found[i] = redis.call('EXISTS', KEYS[i])
end
return table.concat(found)
