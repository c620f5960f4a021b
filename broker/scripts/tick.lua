-- tick: what of some queues should a helper know that nobody has told it?
-- KEYS  list of each queue, then of each that is looked at closely: leases, delayed, status, policy
-- ARGV  clock, a string with a byte for each queue: "1" for a close look, else "0"
-- reply a string with a byte for each queue, "0" and more: 1 is stopped, 2 is roundrobin, 4 has
--       entries, 8 has a lease or a delay that is over, 16 has leases or delays, 32: 1 and 2 are told
--
-- Takes many queues in one call; with hash tags it takes one.
-- A key of a wrong type is named by the calls for its own queue; the others must not suffer.
-- is: reading
-- needs: deadline
local function has_due(set, time)
    local count = redis.pcall('ZCOUNT', set, '-inf', until_now(time))
    return type(count) == 'number' and count > 0
end

local close, time, bytes = ARGV[2], nil, {}
local at = #close

-- Most queues are empty most of the time, and have nothing else: a look-up for each.
if not string.find(close, '1', 1, true) and redis.call('EXISTS', unpack(KEYS, 1, at)) == 0 then
    return string.rep('0', at)
end
for i = 1, #close do
    local bits = 4 * redis.call('EXISTS', KEYS[i])
    if string.sub(close, i, i) == '1' then
        local leases, delayed = KEYS[at + 1], KEYS[at + 2]
        if redis.call('EXISTS', leases, delayed) > 0 then
            time = time or now(ARGV[1])
            bits = bits + 16 + ((has_due(leases, time) or has_due(delayed, time)) and 8 or 0)
        end
        if bits > 0 then
            local words = redis.call('MGET', KEYS[at + 3], KEYS[at + 4])
            bits = bits + 32 + (words[1] == '0' and 1 or 0) + (words[2] == '2' and 2 or 0)
        end
        at = at + 4
    end
    bytes[i] = string.char(48 + bits)
end
return table.concat(bytes)
