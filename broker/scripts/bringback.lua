-- The messages among these whose lease is over: key, deliveries, and where each goes; known by key.
local function read_fates(q, settings, keys, known)
    for _, key in ipairs(keys) do
        if not known[key] then
            local deliveries = read_receipt(try('HGET', q.receipts, key))
            local row = {deliveries = deliveries, fate = 'gone'}
            if redis.call('EXISTS', key) == 1 then
                row.fate, row.delay = fate_of(settings, deliveries)
            end
            known[key] = row
        end
    end
end

-- One expired lease ends; time is that, and a STEP for each lease before it.
local function end_lease(q, key, row, time)
    redis.call('ZREM', q.leases, key)
    if row.fate == 'gone' then
        redis.call('HDEL', q.receipts, key)
        redis.pcall('HINCRBY', q.stats, 'expired', 1)
    else
        give_back(q, key, row.deliveries, row.fate, time + (row.delay or 0))
    end
    row.is_done = true
end

-- Brings back what is due, at most a hundred of each kind: delayed messages to the new end, expired
-- leases to where fate_of() says.  Those that go to the old end go latest first, so that in the end
-- the earliest stands outermost and is the next one out; the others earliest first.
-- The call is repeated then, for more, or to see it.
local function bring_back(q, settings, time)
    local due = try('ZRANGEBYSCORE', q.delayed, '-inf', until_now(time), 'LIMIT', 0, 100)
    local early = try('ZRANGEBYSCORE', q.leases, '-inf', until_now(time), 'LIMIT', 0, 100)
    local late = try('ZREVRANGEBYSCORE', q.leases, until_now(time), '-inf', 'LIMIT', 0, 100)
    local known, moved = {}, 0
    check_give_back(q, settings)
    read_fates(q, settings, early, known)
    read_fates(q, settings, late, known)

    for i, key in ipairs(early) do
        if known[key].fate ~= 'old' then
            end_lease(q, key, known[key], time + (i - 1) * STEP)
            moved = moved + 1
        end
    end
    for i, key in ipairs(late) do
        -- With hundreds of both kinds there may be no end where to begin: then order gives way.
        if not known[key].is_done and (known[key].fate == 'old' or moved == 0) then
            end_lease(q, key, known[key], time + (i - 1) * STEP)
        end
    end
    for _, key in ipairs(due) do
        redis.call('ZREM', q.delayed, key)
        redis.call('LPUSH', q.list, key)
    end
    redis.pcall('PUBLISH', q.events, 'ready')
end
