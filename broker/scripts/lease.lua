-- is: part
-- needs: deadline oldest receipt
-- Leases all of these messages for a call that takes them.  known are the receipts that they have; the
-- first one's token has mark and "1" behind it, and so on, or nothing where mark is nil: there is to be
-- one token only.  Returns how often each was delivered.
local function lease_all(leases, receipts, keys, known, lease_until, token, mark)
    local deadlines, texts, deliveries = {}, {}, {}
    for i, key in ipairs(keys) do
        local before, _, why = read_receipt(known[i])
        deliveries[i] = before + 1
        deadlines[2 * i - 1], deadlines[2 * i] = lease_until + (i - 1) * STEP, key
        texts[2 * i - 1] = key
        texts[2 * i] = deliveries[i] .. ' ' .. token .. (mark and mark .. i or '') .. why
    end
    in_batches(deadlines, function(...) redis.call('ZADD', leases, 'NX', ...) end)
    in_batches(texts, function(...) redis.call('HSET', receipts, ...) end)
    return deliveries
end
