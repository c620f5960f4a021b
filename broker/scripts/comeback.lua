-- is: part
-- needs: deadline giveback
-- Ends leases of messages that come back, a thousand at most: rows of key, deliveries, fate and delay
-- as fate_of() has them, the oldest message first.  Those of which there is no body have the fate
-- 'expired'; is_new says that the message was never delivered.
local function end_leases(q, rows, time)
    local keys, expired = {}, 0
    for i, row in ipairs(rows) do
        keys[i] = row.key
    end
    redis.call('ZREM', q.leases, unpack(keys)) -- a full Redis allows that, and then the rest
    for i = #rows, 1, -1 do                    -- so the oldest stands outermost in the end
        local row = rows[i]
        if row.fate == 'old' and row.is_new then
            redis.call('HSET', q.receipts, row.key, row.deliveries - 1)
            redis.call('RPUSH', q.list, row.key)
        elseif row.fate == 'old' then
            give_back(q, row.key, row.deliveries, 'old')
        end
    end
    for i, row in ipairs(rows) do
        if row.fate == 'expired' then
            redis.call('HDEL', q.receipts, row.key)
            redis.pcall('UNLINK', row.key .. ':refcount')
            expired = expired + 1
        elseif row.fate ~= 'old' then
            give_back(q, row.key, row.deliveries, row.fate, time + (i - 1) * STEP + (row.delay or 0))
        end
    end
    if expired > 0 then
        redis.pcall('HINCRBY', q.stats, 'expired', expired)
    end
    if expired < #rows then
        redis.pcall('PUBLISH', q.events, 'ready')
    end
end
