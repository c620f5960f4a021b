-- tick: what of some queues should a helper know that nobody has told it?
-- reads only
-- KEYS  list of each queue, then leases of each, delayed of each, status of each, policy of each
-- ARGV  clock
-- reply a string with a byte for each queue, "0" and more: 1 is stopped, 2 is roundrobin, 4 has
--       entries, 8 has a lease or a delay that is over
--
-- Takes many queues in one call, so it is not for a cluster.
-- uses: deadline
-- A key of a wrong type is named by the calls for its own queue; the others must not suffer.
local function has_due(set, time)
    local count = redis.pcall('ZCOUNT', set, '-inf', until_now(time))
    return type(count) == 'number' and count > 0
end

local count, bytes, time = #KEYS / 5, {}, nil
local words = redis.call('MGET', unpack(KEYS, 3 * count + 1))
for i = 1, count do
    local bits = (words[i] == '0' and 1 or 0) + (words[count + i] == '2' and 2 or 0) +
                 4 * redis.call('EXISTS', KEYS[i])
    local leases, delayed = KEYS[count + i], KEYS[2 * count + i]
    if redis.call('EXISTS', leases, delayed) > 0 then
        time = time or now(ARGV[1])
        bits = bits + ((has_due(leases, time) or has_due(delayed, time)) and 8 or 0)
    end
    bytes[i] = string.char(48 + bits)
end
return table.concat(bytes)
