-- is: part
-- Messages that were acked go, a thousand at most; left is what spare() says of their bodies.  Redis
-- allows the first of these commands when it is full, and then the others.
local function remove_acked(leases, receipts, stats, keys, left)
    redis.call('ZREM', leases, unpack(keys))
    redis.call('HDEL', receipts, unpack(keys))
    local some = left and left.first - 1 or #keys
    for first = 1, some, 500 do
        local bodies = {}
        for i = first, math.min(first + 499, some) do
            bodies[#bodies + 1] = keys[i]
            bodies[#bodies + 1] = keys[i] .. ':refcount'
        end
        redis.pcall('UNLINK', unpack(bodies))
    end
    if left then
        redis.call('RPUSH', left.trash .. ':' .. left.number, unpack(keys, left.first))
        redis.call('LPUSH', left.trash, left.number)
    end
    redis.pcall('HINCRBY', stats, 'acked', #keys)
end
