-- is: part
-- needs: deadline giveback
-- Ends leases of messages that come back, a thousand at most: rows as come_back() has them, the oldest
-- message first.
local function end_leases(q, rows, time)
    local keys, is_back = {}, false
    for i, row in ipairs(rows) do
        keys[i] = row.key
        is_back = is_back or row.fate ~= 'expired'
    end
    redis.call('ZREM', q.leases, unpack(keys)) -- a full Redis allows that, and then the rest
    for i = #rows, 1, -1 do                    -- so the oldest stands outermost in the end
        if rows[i].fate == 'old' then
            come_back(q, rows[i], time)
        end
    end
    for i, row in ipairs(rows) do
        if row.fate ~= 'old' then
            come_back(q, row, time + (i - 1) * STEP)
        end
    end
    if is_back then
        publish(q.events, 'ready')
    end
end
