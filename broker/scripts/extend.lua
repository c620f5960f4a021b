-- extend: leases in force get a new end, counted from now.
-- KEYS  leases, receipts
-- ARGV  ms from now, clock, then key, token; key, token; …
-- reply of each: the new end in whole ms, or -1 if the token is not that of a lease in force
-- is: writing
-- needs: claims deadline
local time = now(ARGV[2])
local keys, held = read_claims(ARGV, KEYS[1], KEYS[2], 3, #ARGV, time)
local reply, rows = {}, {}
for i, key in ipairs(keys) do
    reply[i] = held[i] and time + tonumber(ARGV[1]) + (i - 1) * STEP or -1
    if held[i] then
        rows[#rows + 1] = reply[i]
        rows[#rows + 1] = key
    end
end
if #rows > 0 then
    try('ZADD', KEYS[1], 'XX', unpack(rows))
end
return reply
