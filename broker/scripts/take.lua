-- take: up to count messages from the old end of a queue, removed, or leased for some time: to a client,
-- or to a helper for those who wait there.
-- KEYS  list, leases, delayed, trash, settings, receipts; for a helper also status, policy
-- ARGV  message prefix "<queue>:", count, lease in ms, 0 for none, "" for what the settings say,
--       lines (see rare.lua): token, most bytes of bodies (one message may be over it), stats,
--       dead letters, their status, set of queues, name of the dead letters, channel of events,
--       receipts of the dead letters; maybe a clock, for a helper in any case, and then:
--       lease of the helper's own in ms where that above is none; "1" or "2": the policy that the caller
--       goes by, with a lease of its own, "" for any policy and a stopped queue too; channel of broadcasts
-- reply 1 if there is something to sweep else 0, 1 if the call should be repeated else 0,
--       end of the leases that were asked for in whole ms or 0 (or -1: takes are held), key, body,
--       deliveries, key, body, deliveries, …; for a helper then "0" for a stopped queue, else the policy
--       in force, and how many messages: by the policy "1", broadcast, they are not here but published
--
-- Each lease's token is the given one, and "-<position>" behind it when count is above 1, or a helper
-- takes; of a helper's own lease ".<position>", see holder.lua.  What is published is
-- "<key> <token> <body>".
-- is: writing
-- needs: entry rare receipt
local list, leases, delayed, receipts = KEYS[1], KEYS[2], KEYS[3], KEYS[6]
local prefix, count, lease, trash, time = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]) or 0, 0
local helper, policy, by_policy = ARGV[6] and KEYS[7], nil, nil
local is_many = helper or count > 1

if helper then
    policy = try('GET', KEYS[8]) == '2' and '2' or '1'
    by_policy = ARGV[7] ~= ''
    if by_policy and try('GET', helper) == '0' then
        return {redis.call('EXISTS', KEYS[4]), 0, 0, '0', 0}
    elseif by_policy and ARGV[7] ~= policy then
        return {redis.call('EXISTS', KEYS[4]), 0, 0, policy, 0}
    end
end

-- Most queues have none of these: no leases, delayed messages, trash, settings, receipts.  Where
-- there is one lease, there will be others.
local has_extras = helper or lease > 0 or
                   redis.call('EXISTS', leases, delayed, KEYS[4], KEYS[5], receipts) > 0
if has_extras then
    -- late: due settings; a plain take would cost 3 % more
    local has_rare, settings = redis.call('EXISTS', delayed, KEYS[4], KEYS[5]) > 0, nil
    time = now(ARGV[5])
    if has_rare then
        trash = redis.call('EXISTS', KEYS[4])
        if not by_policy then
            settings = read_settings(KEYS[5])
            if settings.is_held then
                return {trash, 0, -1, policy, helper and 0}
            end
            lease = ARGV[3] == '' and settings.lease or lease
        end
    end
    if is_due(leases, time) or (has_rare and is_due(delayed, time)) then
        -- late: bringback queue; a plain take would cost 12 % more
        local rare = lines(ARGV[4])
        local q = queue_of({list, leases, delayed, KEYS[4], KEYS[5], receipts, rare[3], rare[4],
                            rare[5], rare[6], rare[9]}, rare[7], rare[8])
        count = bring_for(q, settings or read_settings(KEYS[5]), time, count, tonumber(rare[2]))
        trash = (trash == 1 or is_due(leases, time) or is_due(delayed, time)) and 1 or 0
    end
end

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
        local before, why, _ = 0, ''
        if receipt then
            before, _, why = read_receipt(receipt)
        end
        local deliveries = before + 1
        redis.call('RPOP', list)
        if lease == 0 then
            redis.pcall('UNLINK', key, key .. ':refcount')
            if receipt then
                redis.call('HDEL', receipts, key)
            end
            return {trash, 0, 0, key, body, deliveries}
        elseif redis.call('ZADD', leases, 'NX', lease_until, key) == 1 then
            redis.call('HSET', receipts, key, deliveries .. ' ' .. string.sub(ARGV[4], 1, 32) .. why)
            return {trash, 0, lease_until, key, body, deliveries}
        end
        -- It is leased already and stood here once more: now for the next one.
        redis.pcall('HINCRBY', lines(ARGV[4])[3], 'dropped', 1)
    end
end

-- late: lease oldest; a plain take would cost 8 % more
local token, max_bytes, stats = unpack(lines(ARGV[4]))
local found, gone, passed, again =
    oldest(list, has_extras and leases, prefix, count, tonumber(max_bytes))
if passed == 0 then
    return {trash, 0, helper and lease_until or 0, policy, helper and 0}
end
local reply, keys, known = {again and 1 or trash, again and 1 or 0, lease_until}, {}, {}
local mark = is_many and '-'
if helper and lease == 0 then
    lease, mark = tonumber(ARGV[6]), '.'
    lease_until = time + lease
end
for i = 1, #found, 2 do
    keys[#keys + 1] = found[i]
end
if has_extras then
    known = #keys > 0 and try('HMGET', receipts, unpack(keys)) or {try('HLEN', receipts)}
end

redis.call('RPOP', list, passed)
local deliveries = {}
if lease > 0 then
    deliveries = lease_all(leases, receipts, keys, known, lease_until, token, mark)
end
for i, key in ipairs(keys) do
    if by_policy and ARGV[7] == '1' then
        publish(ARGV[8], key .. ' ' .. token .. mark .. i .. ' ' .. found[2 * i])
    else
        reply[#reply + 1] = key
        reply[#reply + 1] = found[2 * i]
        reply[#reply + 1] = deliveries[i] or read_receipt(known[i]) + 1
    end
end
if lease == 0 then
    unlink(keys)
    in_batches(has_extras and keys or {}, function(...) redis.call('HDEL', receipts, ...) end)
end
forget_passed(receipts, stats, gone, passed - #keys - #gone)
if helper then
    reply[#reply + 1] = policy
    reply[#reply + 1] = #keys
end
return reply
