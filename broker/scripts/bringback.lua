-- is: part
-- needs: deadline due giveback receipt
-- The messages among these whose lease is over: key, deliveries, and where each goes; known by key.
local function read_fates(q, settings, keys, known)
    for _, key in ipairs(keys) do
        if not known[key] then
            local deliveries, _, why = read_receipt(try('HGET', q.receipts, key))
            local row = {key = key, deliveries = deliveries, why = why, fate = 'expired'}
            if redis.call('EXISTS', key) == 1 then
                row.fate, row.delay = fate_of(settings, deliveries)
            end
            known[key] = row
        end
    end
end

-- One expired lease ends; time is that, and a STEP for each lease before it.
local function end_lease(q, row, time)
    redis.call('ZREM', q.leases, row.key)
    come_back(q, row, time)
    row.is_done = true
end

-- Brings back what is due, at most q.most (or a hundred) of each kind: delayed messages to the new end,
-- expired leases to where fate_of() says.  Those that go to the old end go latest first, so that in the end
-- the earliest stands outermost and is the next one out; the others earliest first.
-- Returns whether expired leases are left.  They stand before the whole list then: see front_of().
local function bring_back(q, settings, time)
    local most, limit = q.most or 100, until_now(time)
    local due = try('ZRANGEBYSCORE', q.delayed, '-inf', limit, 'LIMIT', 0, most)
    local early = try('ZRANGEBYSCORE', q.leases, '-inf', limit, 'LIMIT', 0, most)
    local late = try('ZREVRANGEBYSCORE', q.leases, limit, '-inf', 'LIMIT', 0, most)
    local known, moved = {}, 0
    check_give_back(q, settings)
    read_fates(q, settings, early, known)
    read_fates(q, settings, late, known)

    for i, key in ipairs(early) do
        if known[key].fate ~= 'old' then
            end_lease(q, known[key], time + (i - 1) * STEP)
            moved = moved + 1
        end
    end
    for i, key in ipairs(late) do
        -- With hundreds of both kinds there may be no end where to begin: then order gives way.
        if not known[key].is_done and (known[key].fate == 'old' or moved == 0) then
            end_lease(q, known[key], time + (i - 1) * STEP)
        end
    end
    for _, key in ipairs(due) do
        redis.call('ZREM', q.delayed, key)
        redis.call('LPUSH', q.list, key)
    end
    publish(q.events, 'ready')
    return #early == most and is_due(q.leases, time)
end

-- Of the expired leases that are left the earliest ones that go to the old end, at most a hundred, and
-- no more bytes of bodies than that, but one in any case.  Returns their keys and fates.
local function front_of(q, settings, time, count, max_bytes)
    local keys = try('ZRANGEBYSCORE', q.leases, '-inf', until_now(time), 'LIMIT', 0,
                     math.min(count, 100))
    local front, known, bytes = {}, {}, 0
    read_fates(q, settings, keys, known)
    for i, key in ipairs(keys) do
        bytes = bytes + (known[key].fate == 'old' and try('STRLEN', key) or 0)
        if known[key].fate ~= 'old' or i > 1 and bytes > max_bytes then
            break
        end
        front[i] = key
    end
    return front, known
end

-- Brings back what is due for a call that takes count messages of at most so many bytes.  Returns how
-- many of them it must take, no less and no more, so that those that are left keep their place.
local function bring_for(q, settings, time, count, max_bytes)
    if not bring_back(q, settings, time) then
        return count
    end
    local front, known = front_of(q, settings, time, count, max_bytes)
    for i = #front, 1, -1 do
        end_lease(q, known[front[i]], time)
    end
    return #front > 0 and #front or count
end
