-- is: part
-- needs: deadline holder oldest receipt
-- Where some of a list's entries stand, from its left end; wanted has their keys.  Searched are so many
-- entries at both ends, or those on both sides of a place, which is counted from the right end.  Returns also
-- how many are searched for at the left end, and whether all entries were.
local function places_of(list, wanted, depth, place)
    local length, places = try('LLEN', list), {}
    local windows = {{0, depth - 1}, {math.max(length - depth, depth), length - 1}}
    if place then
        windows = {{math.max(length - place - depth, 0), length - place + depth - 1}}
    end
    local is_whole = windows[1][1] == 0 and (windows[1][2] >= length - 1 or
                                             windows[2] and windows[2][1] == depth)
    for _, window in ipairs(windows) do
        for i, key in ipairs(redis.call('LRANGE', list, window[1], window[2])) do
            if wanted[key] and not places[key] then
                places[key] = window[1] + i - 1
            end
        end
    end
    return places, length, is_whole
end

-- Which of these messages can be taken out of a queue: of each 1, or why not, as the reply of the scripts
-- says; a lease in force by its end.  Only looks.
local function choose(q, keys, depth, place, time)
    local wanted, seen, reply = {}, {}, {}
    for _, key in ipairs(keys) do
        wanted[key] = true
    end
    local places, length, is_whole = places_of(q.list, wanted, depth, place)
    local deadlines, dues = try('ZMSCORE', q.leases, unpack(keys)), try('ZMSCORE', q.delayed, unpack(keys))
    local known = try('HMGET', q.receipts, unpack(keys))
    local is_counted = redis.call('HLEN', q.receipts) ==
                       length + redis.call('ZCARD', q.leases) + redis.call('ZCARD', q.delayed)
    for i, key in ipairs(keys) do
        if seen[key] or redis.call('EXISTS', key) == 0 then
            reply[i] = 0
        elseif deadlines[i] and not is_over(deadlines[i], time) then
            reply[i] = math.floor(tonumber(deadlines[i]))
        elseif deadlines[i] or dues[i] or places[key] then
            reply[i] = 1
        elseif is_whole or not known[i] and is_counted then
            reply[i] = 0
        else
            reply[i] = -2
        end
        seen[key] = true
    end
    return reply, places, length
end

-- Takes the chosen ones out of their queue; their bodies stay.  Returns their keys.  A full Redis allows the
-- first of these commands, and then the others.
local function take_out(q, keys, reply, places, length)
    local chosen, lefts, rights = {}, 0, 0
    for i, key in ipairs(keys) do
        if reply[i] == 1 then
            chosen[#chosen + 1] = key
        end
    end
    if #chosen == 0 then
        return chosen
    end
    local receipts = redis.call('HMGET', q.receipts, unpack(chosen))
    in_batches(chosen, function(...) redis.call('HDEL', q.receipts, ...) end)
    for i, key in ipairs(chosen) do
        local _, token = read_receipt(receipts[i])
        if redis.call('ZREM', q.leases, key) == 1 then
            tell_holder(q.leases, key, token)
        end
    end
    redis.call('ZREM', q.delayed, unpack(chosen))
    local GONE = '' -- which is no key
    for _, key in ipairs(chosen) do
        local place = places[key]
        if place then
            redis.call('LSET', q.list, place, GONE)
            if place < length / 2 then
                lefts = lefts + 1
            else
                rights = rights + 1
            end
        end
    end
    if lefts > 0 then
        redis.call('LREM', q.list, lefts, GONE)
    end
    if rights > 0 then
        redis.call('LREM', q.list, -rights, GONE)
    end
    return chosen
end
