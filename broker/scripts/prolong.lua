-- prolong: leases that a helper holds get a new end, counted from now; many of one queue at once.
-- KEYS  leases, receipts
-- ARGV  new lease in ms, clock, then key, token; key, token; …
-- reply a string with a byte for each: "1" done, "0" the lease is not in force any more
--
-- A lease that is over, but that nobody has taken up yet, is still the helper's.
-- is: writing
-- needs: deadline receipt
local time = now(ARGV[2]) + tonumber(ARGV[1])
local keys, rows, bytes = {}, {}, {}
for i = 3, #ARGV, 2 do
    keys[#keys + 1] = ARGV[i]
end
local receipts = try('HMGET', KEYS[2], unpack(keys))
local ends = try('ZMSCORE', KEYS[1], unpack(keys))
for i, key in ipairs(keys) do
    local _, token = read_receipt(receipts[i])
    local is_held = ends[i] and token == ARGV[2 * i + 2]
    if is_held then
        rows[#rows + 1] = time + (i - 1) * STEP
        rows[#rows + 1] = key
    end
    bytes[i] = is_held and '1' or '0'
end
if #rows > 0 then
    -- A full Redis allows this one, and then the other.
    redis.call('ZREM', KEYS[1], rows[2])
    redis.call('ZADD', KEYS[1], unpack(rows))
end
return table.concat(bytes)
