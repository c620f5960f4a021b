-- push: messages to the new end of a queue, or to its delayed ones; all or none.
-- KEYS  list, counter, status, set of queues, settings
-- ARGV  queue, message prefix "<queue>:", channel, ttl in seconds or "", lines (see rare.lua): delay
--       in ms or 0, digest of this push or "" (then once is not used), seconds to remember it,
--       clock, leases, delayed, once, receipts, stats; body, …
-- reply the first message's number, negative if the queue was not in the set of queues; or for a repeated push {number, how many}; or {0} if the
--       digest is another one than that of the first push, {-1} if the queue is full, {-2} if its pushes are held
-- is: writing
local list, counter, prefix, ttl = KEYS[1], KEYS[2], ARGV[2], ARGV[4]
local count = #ARGV - 5
local length = try('LLEN', list)
local was_empty, is_new = length == 0, false
if was_empty then
    try('SISMEMBER', KEYS[4], ARGV[1])
end
local has_settings = redis.call('EXISTS', KEYS[5]) == 1
local is_rare = has_settings or ttl ~= '' or string.sub(ARGV[5], 1, 3) ~= '0\n\n'
local last = try('GET', counter)
local first = last and string.find(last, '^[1-9]%d*$') and last + 1 or 0 -- 0: to be looked for

-- Nearly every push is of one message that has no ttl, no delay and no digest, to a queue without
-- settings, and its number has no key yet: to look and to set are one command then.
-- Lua by itself would write a large number with an exponent; '%d' is exact where the number is, and cheaper than '%.0f'.
if first > 0 and first < 2 ^ 53 and count == 1 and not is_rare then
    local key = prefix .. string.format('%d', first)
    if try('SETNX', key, ARGV[6]) == 1 then
        if redis.pcall('INCR', counter) ~= first or redis.pcall('LPUSH', list, key) ~= length + 1 then
            redis.pcall('UNLINK', key) -- this user may not do one of the two: no body without an entry
            try('INCR', counter)
            try('LPUSH', list, key)
        end
        if was_empty then
            is_new = redis.call('SADD', KEYS[4], ARGV[1]) == 1
            redis.call('SET', KEYS[3], '1', 'NX')
        end
        publish(ARGV[3], key)
        return is_new and -first or first
    end
end

-- late: rare numbers settings deadline events; a plain push would cost 13 % more
local delay, digest, dead, rare, remembers, since = 0, '', {}
if is_rare then
    rare = lines(ARGV[5])
    delay, digest = tonumber(rare[1]), rare[2]
    local leases, delayed, max_length = rare[5], rare[6], 0
    local known = digest ~= '' and try('GET', rare[7])
    if digest ~= '' then
        remembers = string.gsub(leases, 'leases$', 'remembers')
        since = try('GET', remembers)
    end
    if known then
        -- A push that was remembered with another moment is of a queue that was removed.
        local number, pushed, before, known_since =
            string.match(known, '^(%d+) (%d+) (%x+) ?(%d*)$')
        if not number or known_since == '' or known_since == since then
            return before == digest and {tonumber(number), tonumber(pushed)} or {0}
        end
    end
    if has_settings then
        local row = try('HMGET', KEYS[5], 'ttl', 'max_length', 'held_pushes')
        local default_ttl = setting(row[1], 315360000, KEYS[5])
        max_length = setting(row[2], 1000000000, KEYS[5])
        if row[3] then
            return {-2}
        end
        if ttl == '' and default_ttl > 0 then
            ttl = default_ttl
        end
    end

    -- A queue that nobody reads must not grow while its messages expire: two dead entries go for
    -- each push with a ttl, and a queue of limited length is not full of them, for no batch.
    for i = 1, max_length > 0 and math.max(100, count) or ttl ~= '' and 2 or 0 do
        local key = redis.call('LINDEX', list, -i)
        if not key or redis.call('EXISTS', key) == 1 then
            break
        end
        dead[i] = {key = key, is_leased = try('ZSCORE', leases, key)} -- then it stood twice
    end
    local waiting = try('ZCARD', delayed)
    if max_length > 0 and
       count + redis.call('LLEN', list) - #dead + try('ZCARD', leases) + waiting > max_length then
        return {-1}
    end
end

local keys, before, passed, foreign = keys_of(prefix, first, count), first - 1, {}, nil
if first == 0 or first > EXACT - count or count_taken(keys) > 0 then
    rare = lines(ARGV[5])
    foreign = string.gsub(rare[5], 'leases$', 'foreign')
    try('SCARD', foreign)
    local q = {list = list, counter = counter, prefix = prefix, leases = rare[5], delayed = rare[6]}
    before = known_number(counter, last)
    first, passed = free_numbers(q, before, count)
    keys = keys_of(prefix, first, count)
end

-- A right that the user lacks must not leave bodies without an entry.
local function write_entries(command, ...)
    if type(redis.pcall(command, ...)) == 'table' then
        for _, key in ipairs(keys) do
            redis.pcall('UNLINK', key)
        end
        try(command, ...)
    end
end

try('INCRBY', counter, string.format('%.0f', first + count - 1 - before))
for i, key in ipairs(keys) do
    if ttl == '' then
        try('SETNX', key, ARGV[5 + i])
    else
        redis.call('SET', key, ARGV[5 + i], 'PX', ttl * 1000 + delay)
    end
end
for _, key in ipairs(passed) do
    redis.call('SADD', foreign, key)
end
for _, entry in ipairs(dead) do
    redis.call('RPOP', list)
    if not entry.is_leased then
        redis.pcall('HDEL', rare[8], entry.key)
    end
    redis.pcall('HINCRBY', rare[9], entry.is_leased and 'dropped' or 'expired', 1)
end
if delay > 0 then
    local delayed = rare[6]
    local due, is_first = now(rare[4]) + delay, redis.call('ZCARD', delayed) == 0
    for i = 1, count do
        write_entries('ZADD', delayed, due + (i - 1) * STEP, keys[i])
    end
    if is_first then -- from now on helpers look there, too
        publish(events_beside(delayed, prefix), 'delayed')
    end
else
    for i = 1, count, 500 do
        write_entries('LPUSH', list, unpack(keys, i, math.min(i + 499, count)))
    end
end
if was_empty then
    is_new = redis.call('SADD', KEYS[4], ARGV[1]) == 1
    redis.call('SET', KEYS[3], '1', 'NX')
end
if digest ~= '' then
    if not since then
        local time = redis.call('TIME')
        since = time[1] .. string.format('%06d', time[2])
        redis.call('SET', remembers, since, 'EX', rare[3] + 1) -- it must not be over first
    elseif redis.call('PTTL', remembers) < rare[3] * 1000 then
        redis.call('EXPIRE', remembers, rare[3] + 1)
    end
    redis.call('SET', rare[7], string.format('%.0f %d %s %s', first, count, digest, since),
               'EX', rare[3])
end
if delay == 0 then
    for i = 1, count do
        publish(ARGV[3], keys[i])
    end
end
return is_new and -first or first
