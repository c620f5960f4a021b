-- mend: puts right what fsck saw twice about one message, if it is still so.
-- KEYS  leases, delayed, list, then the same of the dead letters, then receipts of both, counter,
--       foreign keys
-- ARGV  message key, "orphan" (a body without an entry), "hollow" (an entry without a body),
--       "double" (two entries), "stray" (a receipt without a message) or "behind" (the counter has
--       not come to this message), longest list to search
-- reply 1 if something was mended, else 0
--
-- Of two entries the first in the order of KEYS stays: a lease or a delay knows more than a list.
-- is: writing
local key, kind, searches = ARGV[1], ARGV[2], tonumber(ARGV[3])
local has_body = redis.call('EXISTS', key) == 1
local has_dead = KEYS[6] ~= KEYS[3]

local function is_list(i)
    return i == 3 or i == 6
end

-- How often the message stands there.  In a list that is too long the two sightings must do.
local function entries(i)
    if not is_list(i) then
        return try('ZSCORE', KEYS[i], key) and 1 or 0
    elseif try('LLEN', KEYS[i]) > searches then
        return kind == 'double' and 2 or 0
    end
    return #redis.call('LPOS', KEYS[i], key, 'COUNT', 0)
end

local function remove(i, count)
    if count > 0 then
        return is_list(i) and redis.call('LREM', KEYS[i], count, key) or
               redis.call('ZREM', KEYS[i], key)
    end
    return 0
end

local places, total = {}, {live = 0, dead = 0}
for i = 1, has_dead and 6 or 3 do
    places[i] = entries(i)
    local side = i <= 3 and 'live' or 'dead'
    total[side] = total[side] + places[i]
end
try('HLEN', KEYS[7])
try('HLEN', KEYS[8])

local mended = 0
if kind == 'hollow' and not has_body then
    for i = 1, #places do
        mended = mended + (is_list(i) and redis.call('LREM', KEYS[i], 0, key) or
                           redis.call('ZREM', KEYS[i], key))
    end
    redis.call('HDEL', KEYS[7], key)
    redis.call('HDEL', KEYS[8], key)
elseif kind == 'double' and total.live + total.dead > 1 then
    local kept
    for i, count in ipairs(places) do
        mended = mended + remove(i, kept and count or count - 1)
        kept = kept or count > 0 and i
    end
    if has_dead and kept <= 3 then -- no dead letter any more
        redis.call('HDEL', KEYS[8], key)
    end
elseif kind == 'behind' then
    local number = string.match(key, '%d+$')
    if tonumber(number) > (tonumber(try('GET', KEYS[9])) or 0) then
        redis.call('SET', KEYS[9], number)
        mended = 1
    end
elseif kind == 'orphan' and has_body and total.live + total.dead == 0 and
       try('SISMEMBER', KEYS[10], key) == 0 then
    mended = redis.call('UNLINK', key)
    redis.call('UNLINK', key .. ':refcount')
    redis.call('HDEL', KEYS[7], key)
    redis.call('HDEL', KEYS[8], key)
elseif kind == 'stray' then
    mended = (total.live == 0 and redis.call('HDEL', KEYS[7], key) or 0) +
             (total.dead == 0 and has_dead and redis.call('HDEL', KEYS[8], key) or 0)
end
return mended > 0 and 1 or 0
