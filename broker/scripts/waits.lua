-- waits: which of these queues have something that waits for somebody?
-- KEYS  leases, delayed, trash of each queue
-- ARGV  clock
-- reply a string with a byte for each queue, "0" and more: 1 has something due, or trash
--
-- Takes many queues in one call; with hash tags it takes one.
-- is: reading
-- needs: deadline
local limit, bytes = until_now(now(ARGV[1])), {}

-- A key of a wrong type is named by the calls for its own queue; the others must not suffer.
local function has_due(set)
    local count = redis.pcall('ZCOUNT', set, '-inf', limit)
    return type(count) == 'number' and count > 0
end

for i = 1, #KEYS - 2, 3 do
    local waits = has_due(KEYS[i]) or has_due(KEYS[i + 1]) or redis.call('EXISTS', KEYS[i + 2]) == 1
    bytes[#bytes + 1] = waits and '1' or '0'
end
return table.concat(bytes)
