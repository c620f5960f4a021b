-- exists: which of these keys are there?
-- KEYS  any
-- ARGV  none
-- reply a string of "1" and "0", one for each
--
-- Takes many queues in one call, so it is not for a cluster.
-- is: reading
local found = {}
for i, key in ipairs(KEYS) do
    found[i] = redis.call('EXISTS', key)
end
return table.concat(found)
