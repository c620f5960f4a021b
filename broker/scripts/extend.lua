-- extend: a lease in force gets a new end, counted from now.
-- KEYS  leases, receipts
-- ARGV  message key, token, ms from now, clock
-- reply the new end in whole ms, or -1 if the token is not that of a lease in force
-- uses: deadline receipt
local key = ARGV[1]
local time = now(ARGV[4])
local deadline = try('ZSCORE', KEYS[1], key)
local _, held = read_receipt(try('HGET', KEYS[2], key))
if not deadline or is_over(deadline, time) or held ~= ARGV[2] then
    return -1
end
local until_ms = time + tonumber(ARGV[3])
try('ZADD', KEYS[1], 'XX', until_ms, key)
return until_ms
