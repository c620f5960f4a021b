-- discard: chosen messages of a queue go.
-- KEYS  list, leases, delayed, receipts, trash
-- ARGV  how many entries of the list are searched at each end, or on both sides of the place; that place, so
--       many entries from the right end, or ""; clock; keys
-- reply of each: 1, or 2 if its body is left to the sweeper; 0 if there is no such message, or the key stood
--       there before; -2 if it stands too deep; or, if a lease is in force, its end in whole ms
-- is: writing
-- needs: chosen oldest spare
local q = {list = KEYS[1], leases = KEYS[2], delayed = KEYS[3], receipts = KEYS[4]}
local keys = {unpack(ARGV, 4)}
local reply, places, length = choose(q, keys, tonumber(ARGV[1]), tonumber(ARGV[2]), now(ARGV[3]))
local chosen, at = {}, {}
for i, key in ipairs(keys) do
    if reply[i] == 1 then
        chosen[#chosen + 1], at[#at + 1] = key, i
    end
end
local left = spare(KEYS[5], chosen)
take_out(q, keys, reply, places, length)
local some = left and left.first - 1 or #chosen
unlink({unpack(chosen, 1, some)})
if left then
    redis.call('RPUSH', left.trash .. ':' .. left.number, unpack(chosen, left.first))
    redis.call('LPUSH', left.trash, left.number)
    for i = left.first, #chosen do
        reply[at[i]] = 2
    end
end
return reply
