-- Messages that were acked go, a thousand at most.  Redis allows the first of these commands when it
-- is full, and then the others.
local function remove_acked(leases, receipts, stats, keys)
    local bodies = {}
    for i, key in ipairs(keys) do
        bodies[2 * i - 1] = key
        bodies[2 * i] = key .. ':refcount'
    end
    redis.call('ZREM', leases, unpack(keys))
    redis.call('HDEL', receipts, unpack(keys))
    redis.pcall('UNLINK', unpack(bodies))
    redis.pcall('HINCRBY', stats, 'acked', #keys)
end
