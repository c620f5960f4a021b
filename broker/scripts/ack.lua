-- ack: a leased message is done, and goes.
-- KEYS  leases, receipts, stats
-- ARGV  message key, token, maybe a clock
-- reply 1, or -1 if the token is not that of a lease in force
-- uses: deadline receipt
local leases, receipts, key = KEYS[1], KEYS[2], ARGV[1]
local deadline = try('ZSCORE', leases, key)
local _, held = read_receipt(try('HGET', receipts, key))
if not deadline or held ~= ARGV[2] or is_over(deadline, now(ARGV[3])) then
    return -1
end
-- uses: holder done
finish(leases, receipts, KEYS[3], key, held)
return 1
