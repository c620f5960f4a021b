-- take: up to count messages from the old end of a queue, removed, or leased for some time.
-- KEYS  list, leases, delayed, trash, settings, receipts
-- ARGV  message prefix "<queue>:", count, lease in ms, 0 for none, "" for what the settings say,
--       lines (see rare.lua): token, most bytes of bodies (one message may be over it), stats,
--       dead letters, their status, set of all queues, name of the dead letters, channel of events,
--       receipts of the dead letters; maybe a clock
-- reply 1 if there is something to sweep else 0, 1 if the call should be repeated else 0,
--       end of the leases in whole ms or 0 (or -1: takes are held), key, body, deliveries, key, body, deliveries, …
--
-- Each lease's token is the given one, and "-<position>" behind it when count is above 1.
-- uses: entry
local list, leases, delayed, receipts = KEYS[1], KEYS[2], KEYS[3], KEYS[6]
local prefix, count, lease, trash, time = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]) or 0, 0
local is_many = count > 1

-- Most queues have none of these: no leases, delayed messages, trash, settings, receipts.  Where
-- there is one lease, there will be others.
local has_extras = lease > 0 or
                   redis.call('EXISTS', leases, delayed, KEYS[4], KEYS[5], receipts) > 0
if has_extras then
-- uses: deadline due settings
    local has_rare, settings = redis.call('EXISTS', delayed, KEYS[4], KEYS[5]) > 0, nil
    time = now(ARGV[5])
    if has_rare then
        trash = redis.call('EXISTS', KEYS[4])
        settings = read_settings(KEYS[5])
        if settings.is_held then
            return {trash, 0, -1}
        end
        lease = ARGV[3] == '' and settings.lease or lease
    end
    if is_due(leases, time) or (has_rare and is_due(delayed, time)) then
-- uses: rare receipt giveback bringback
        local rare = lines(ARGV[4])
        local q = {list = list, leases = leases, delayed = delayed, receipts = receipts,
                   stats = rare[3], dead = rare[4], dead_status = rare[5], queues = rare[6],
                   dead_name = rare[7], events = rare[8], dead_receipts = rare[9]}
        count = bring_for(q, settings or read_settings(KEYS[5]), time, count, tonumber(rare[2]))
        trash = (trash == 1 or is_due(leases, time) or is_due(delayed, time)) and 1 or 0
    end
end

-- uses: deadline receipt
local lease_until = lease > 0 and (time or now(ARGV[5])) + lease or 0

-- Nearly every call: one message, and the oldest is alive.
if not is_many then
    local key = try('LINDEX', list, -1)
    if not key then
        return {trash, 0, 0}
    end
    local is_double = has_extras and lease == 0 and try('ZSCORE', leases, key)
    local body = is_message(key, prefix) and not is_double and try('GET', key)
    if body then
        local receipt = has_extras and try('HGET', receipts, key) or nil
        local deliveries = receipt and read_receipt(receipt) + 1 or 1
        redis.call('RPOP', list)
        if lease == 0 then
            redis.pcall('UNLINK', key, key .. ':refcount')
            if receipt then
                redis.call('HDEL', receipts, key)
            end
            return {trash, 0, 0, key, body, deliveries}
        elseif redis.call('ZADD', leases, 'NX', lease_until, key) == 1 then
            redis.call('HSET', receipts, key, deliveries .. ' ' .. string.sub(ARGV[4], 1, 32))
            return {trash, 0, lease_until, key, body, deliveries}
        end
        -- It is leased already and stood here once more: now for the next one.
-- uses: rare
        redis.pcall('HINCRBY', lines(ARGV[4])[3], 'dropped', 1)
    end
end

-- uses: rare oldest
local token, max_bytes, stats = unpack(lines(ARGV[4]))
local found, gone, passed, again =
    oldest(list, has_extras and leases, prefix, count, tonumber(max_bytes))
if passed == 0 then
    return {trash, 0, 0}
end
local reply, keys, known = {again and 1 or trash, again and 1 or 0, lease_until}, {}, {}
for i = 1, #found, 2 do
    keys[#keys + 1] = found[i]
end
if has_extras then
    known = #keys > 0 and try('HMGET', receipts, unpack(keys)) or {try('HLEN', receipts)}
end

redis.call('RPOP', list, passed)
local deliveries = {}
if lease > 0 then
-- uses: lease
    deliveries = lease_all(leases, receipts, keys, known, lease_until, token, is_many and '-')
end
for i, key in ipairs(keys) do
    reply[#reply + 1] = key
    reply[#reply + 1] = found[2 * i]
    reply[#reply + 1] = deliveries[i] or read_receipt(known[i]) + 1
end
if lease == 0 then
    unlink(keys)
    in_batches(has_extras and keys or {}, function(...) redis.call('HDEL', receipts, ...) end)
end
forget_passed(receipts, stats, gone, passed - #keys - #gone)
return reply
