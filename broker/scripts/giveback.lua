-- is: part
-- needs: why
-- Where a message goes that was delivered so often and comes back: 'dead' when that was its last
-- delivery; 'delayed', and for how many ms, when there is a backoff or a delay (which counts, if
-- given); else 'old', and from the third delivery on 'new', so that poison cannot hold up a queue.
local function fate_of(settings, deliveries, delay)
    if settings.max_deliveries > 0 and deliveries >= settings.max_deliveries then
        return 'dead'
    end
    delay = delay or (settings.backoff and settings.backoff(deliveries)) or 0
    if delay > 0 then
        return 'delayed', delay
    end
    return deliveries >= 3 and 'new' or 'old'
end

-- Sends it there.  Its lease is gone by then, types were checked, and so nothing here can fail.
-- q is of queue_of(), the row as come_back() has it.  A dead letter has a receipt, of no delivery, by which
-- delete knows it.
local function give_back(q, row, time)
    local key = row.key
    if row.fate == 'dead' then
        if redis.call('LPUSH', q.dead, key) == 1 then
            redis.call('SADD', q.queues, q.dead_name)
            redis.call('SET', q.dead_status, '1', 'NX')
        end
        redis.call('PERSIST', key)
        redis.call('PERSIST', key .. ':refcount')
        redis.call('HDEL', q.receipts, key)
        redis.call('HSET', q.dead_receipts, key,
                   '0' .. with_death(row.why, row.deliveries, time, row.reason or ''))
        redis.pcall('HINCRBY', q.stats, 'dead', 1)
        return
    end
    redis.call('HSET', q.receipts, key, row.deliveries .. row.why)
    redis.pcall('HINCRBY', q.stats, 'returned', 1)
    if row.fate == 'delayed' then
        redis.call('ZADD', q.delayed, time + row.delay, key)
    else
        redis.call(row.fate == 'new' and 'LPUSH' or 'RPUSH', q.list, key)
    end
end

-- A message comes back whose lease has gone.  The row is its key, deliveries, why it failed before, the reason
-- if there is one now, which is in why, too, and fate and delay as fate_of() has them, or the fate 'expired'
-- where there is no body; is_new, with the fate 'old', says that it was never delivered.
local function come_back(q, row, time)
    if row.fate == 'expired' then
        redis.call('HDEL', q.receipts, row.key)
        redis.pcall('UNLINK', row.key .. ':refcount')
        redis.pcall('HINCRBY', q.stats, 'expired', 1)
    elseif row.fate == 'old' and row.is_new then
        redis.call('HSET', q.receipts, row.key, row.deliveries - 1 .. row.why)
        redis.call('RPUSH', q.list, row.key)
    else
        give_back(q, row, time)
    end
end

-- Wrong types under what give_back() writes to.
local function check_give_back(q, settings)
    try('LLEN', q.list)
    try('ZCARD', q.delayed)
    try('HLEN', q.receipts)
    if settings.max_deliveries > 0 then
        try('LLEN', q.dead)
        try('HLEN', q.dead_receipts)
        try('SISMEMBER', q.queues, q.dead_name)
    end
end
