-- pack: some messages of a queue that moves to another Redis.  They stay, and are the same in each call,
-- until one says that the other Redis has them: then they go, and the next ones are told.
-- KEYS  settings, list, list of the dead letters, delayed, leases, receipts, receipts of the dead letters
--       (the queue's own again where it cannot have dead letters)
-- ARGV  message prefix "<queue>:", number of what the other Redis has, or 0; most messages, most bytes of
--       bodies (one may be over it)
-- reply number of these; where they stand: "list", "dead" or "delayed"; how many leases there are; then of
--       each message, oldest first: number, body, ms to live (or less than 0), reads or "", receipt or "",
--       when it is due or ""
--       {-1} if the call should be repeated
--       {0, "", leases} if there are none
--
-- Entries that a take would pass over go at once.
-- is: writing
-- needs: entry rare
local settings, list, delayed, leases = KEYS[1], KEYS[2], KEYS[4], KEYS[5]
local prefix, confirmed, most, max_bytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local places = {{name = 'list', key = list, receipts = KEYS[6]},
                {name = 'dead', key = KEYS[3], receipts = KEYS[7]},
                {name = 'delayed', key = delayed, receipts = KEYS[6], is_sorted = true}}

local row = try('HMGET', settings, 'move_seq', 'move_place', 'move_keys')
local number, place, keys = row[1] or '0', places[tonumber(row[2] or 0)], row[3] and lines(row[3])
local left = try('ZCARD', leases)
try('LLEN', list)
try('LLEN', KEYS[3])
try('ZCARD', delayed)
try('HLEN', KEYS[6])
try('HLEN', KEYS[7])

-- Without its entry; with all that belongs to it, unless it is leased: then it stood twice.
local function drop(from, key)
    if from.is_sorted then
        redis.call('ZREM', from.key, key)
    else
        redis.call('LREM', from.key, -1, key)
    end
    if is_message(key, prefix) and not redis.call('ZSCORE', leases, key) then
        redis.pcall('UNLINK', key)
        redis.pcall('UNLINK', key .. ':refcount')
        redis.call('HDEL', from.receipts, key)
    end
end

-- Oldest first.
local function entries_of(from)
    if from.is_sorted then
        return redis.call('ZRANGE', from.key, 0, most - 1)
    end
    local entries, turned = redis.call('LRANGE', from.key, -most, -1), {}
    for i = #entries, 1, -1 do
        turned[#turned + 1] = entries[i]
    end
    return turned
end

-- The next ones of a place, and whether there was anything at all.
local function choose(from)
    local entries, chosen, bytes = entries_of(from), {}, 0
    for _, key in ipairs(entries) do
        local length = is_message(key, prefix) and not redis.call('ZSCORE', leases, key) and
                       redis.call('EXISTS', key) == 1 and redis.pcall('STRLEN', key)
        if type(length) ~= 'number' then
            drop(from, key)
        elseif #chosen > 0 and bytes + length > max_bytes then
            break
        else
            bytes = bytes + length
            chosen[#chosen + 1] = key
        end
    end
    return chosen, #entries > 0
end

if keys and confirmed == number then
    for _, key in ipairs(keys) do
        drop(place, key)
    end
    redis.call('HDEL', settings, 'move_place', 'move_keys')
    keys = nil
end
for i = 1, keys and 0 or #places do
    local chosen, has_any = choose(places[i])
    if #chosen > 0 then
        keys, place, number = chosen, places[i], string.format('%.0f', number + 1)
        redis.call('HSET', settings, 'move_seq', number, 'move_place', i, 'move_keys',
                   table.concat(keys, '\n'))
        break
    elseif has_any then
        return {-1}
    end
end
if not keys then
    if left == 0 then
        redis.call('UNLINK', KEYS[6], KEYS[7])
        redis.call('HSET', settings, 'move_done', 1)
    end
    return {0, '', left}
end

local reply = {tonumber(number), place.name, left}
for _, key in ipairs(keys) do
    local body = redis.pcall('GET', key)
    if type(body) == 'string' then
        reply[#reply + 1] = string.sub(key, #prefix + 1)
        reply[#reply + 1] = body
        reply[#reply + 1] = redis.call('PTTL', key)
        reply[#reply + 1] = redis.pcall('GET', key .. ':refcount') or ''
        reply[#reply + 1] = redis.call('HGET', place.receipts, key) or ''
        reply[#reply + 1] = place.is_sorted and redis.call('ZSCORE', place.key, key) or ''
    end
end
return reply
