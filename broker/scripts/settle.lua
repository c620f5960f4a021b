-- settle: ends leases that a helper holds, many of one queue at once.
-- KEYS  as deliver, without its last two
-- ARGV  name of the dead letters, channel of events, clock, then act, key, token; act, key, token;
--       …  Acts: "a" the message was received and goes, "r" it comes back, "u" it comes back and was
--       never delivered
-- reply of each: 1 done, 0 the message is gone already, -1 the lease is not in force any more
--
-- Of several that go to the old end the last one is the next one out.
-- A lease that is over, but that nobody has taken up yet, is still the helper's.  Of several acts on
-- one message the last counts.
-- uses: deadline receipt settings giveback
local q = {list = KEYS[1], leases = KEYS[2], delayed = KEYS[3], receipts = KEYS[6],
           stats = KEYS[7], dead = KEYS[8], dead_status = KEYS[9], queues = KEYS[10],
           dead_receipts = KEYS[11], dead_name = ARGV[1]}
local time, settings = now(ARGV[3]), read_settings(KEYS[5])
check_give_back(q, settings)
try('ZCARD', q.leases)

-- What becomes of a message, and after how many ms.
local function outcome_of(act, key, deliveries)
    if act == 'a' then
        return 'acked'
    elseif redis.call('EXISTS', key) == 0 then
        return 'expired'
    elseif act == 'u' then
        return 'old'
    end
    return fate_of(settings, deliveries)
end

local reply, rows, seen = {}, {}, {}
for i = #ARGV - 2, 4, -3 do
    local act, key, at = ARGV[i], ARGV[i + 1], (i - 1) / 3
    local deliveries, token = read_receipt(try('HGET', q.receipts, key))
    if seen[key] or token ~= ARGV[i + 2] or not try('ZSCORE', q.leases, key) then
        reply[at] = seen[key] ~= 'acked' and redis.call('EXISTS', key) == 1 and -1 or 0
    else
        local fate, delay = outcome_of(act, key, deliveries)
        rows[#rows + 1] = {key = key, at = at, is_new = act == 'u', deliveries = deliveries,
                           fate = fate, delay = delay}
        seen[key] = fate
        reply[at] = 1
    end
end

-- Every lease is removed first: a full Redis allows that, and then the rest.
local gone, is_ready = {acked = 0, expired = 0}, false
local function settle(row)
    local key, fate = row.key, row.fate
    redis.call('ZREM', q.leases, key)
    if gone[fate] then
        redis.call('HDEL', q.receipts, key)
        redis.pcall('UNLINK', key, key .. ':refcount')
        gone[fate] = gone[fate] + 1
    elseif row.is_new then
        redis.call('HSET', q.receipts, key, row.deliveries - 1)
        redis.call('RPUSH', q.list, key)
        is_ready = true
    else
        give_back(q, key, row.deliveries, fate, time + row.at * STEP + (row.delay or 0))
        is_ready = true
    end
end

-- Those that go to the old end in the order of the acts, the others the other way round: a helper
-- gives back its latest message first.
for i = #rows, 1, -1 do
    if rows[i].fate == 'old' then
        settle(rows[i])
    end
end
for _, row in ipairs(rows) do
    if row.fate ~= 'old' then
        settle(row)
    end
end
for name, count in pairs(gone) do
    if count > 0 then
        redis.pcall('HINCRBY', q.stats, name, count)
    end
end
if is_ready then
    redis.pcall('PUBLISH', ARGV[2], 'ready')
end
return reply
