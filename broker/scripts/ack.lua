-- ack: leased messages are done, and go.
-- KEYS  leases, receipts, stats; of several messages also trash
-- ARGV  key, token; key, token; …; maybe a clock
-- reply of each: 1, or 2 if its body is left to the sweeper, or -1 if the token is not that of a lease
--       in force, or was used just before
-- is: writing
-- needs: acked claims holder spare
local last = #ARGV - #ARGV % 2
local keys, held = read_claims(ARGV, KEYS[1], KEYS[2], 1, last, now(ARGV[last + 1]))
local firsts, reply = first_claims(keys, held)
local acked, left = {}, nil
for i, at in ipairs(firsts) do
    acked[i] = keys[at]
end
if #acked > 1 then
    left = spare(KEYS[4], acked)
end
if #acked > 0 then
    remove_acked(KEYS[1], KEYS[2], KEYS[3], acked, left)
end
for i, at in ipairs(firsts) do
    if left and i >= left.first then
        reply[at] = 2
    end
    tell_holder(KEYS[1], keys[at], ARGV[2 * at])
end
return reply
