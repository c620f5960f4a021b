-- forget: removes some rows that a dead helper has left on a topic, and announces that their consumers
-- left.
-- KEYS  presence, its rows of that helper
-- ARGV  topic, helper, how many rows at most, channel of the topic's presence
-- reply 1 if there are more, else 0
--
-- Others may do the same at the same time: whoever has removed a row announces it.
-- is: writing
-- needs: announce
local most, cursor, found = 2 * ARGV[3], '0', {}
try('SCARD', KEYS[1])
repeat
    local page = try('HSCAN', KEYS[2], cursor, 'COUNT', ARGV[3])
    cursor = page[1]
    for i = 1, math.min(#page[2], most - #found) do
        found[#found + 1] = page[2][i]
    end
until cursor == '0' or #found == most

for i = 1, #found, 2 do
    if redis.call('HDEL', KEYS[2], found[i]) == 1 then
        announce('leave', ARGV[4], ARGV[1], found[i + 1])
    end
end
if redis.call('EXISTS', KEYS[2]) == 1 then
    return 1
end
redis.call('SREM', KEYS[1], ARGV[2])
return 0
