-- A leased message is done, and goes; its token was found to be right.  Types were checked.
local function finish(leases, receipts, stats, key, token)
    redis.call('ZREM', leases, key)
    redis.call('HDEL', receipts, key)
    redis.call('UNLINK', key, key .. ':refcount')
    redis.pcall('HINCRBY', stats, 'acked', 1)
    tell_holder(leases, token)
end
