-- stats: the state of some queues.
-- KEYS  list, counter, status, policy, leases, delayed, stats, settings of each queue, and list,
--       leases and delayed of its dead letters (its own where it cannot have any), presence of the
--       topic of its name, sampled of the queue whose numbers its messages have
-- ARGV  clock
-- reply of each: ready, counter, status, policy, leased, delayed, dead, an array of all stats,
--       an array of all settings, an array of helpers, each with how many consumers it has, age of the
--       message that is the next one out, see age.lua; what is not set is an empty string
--
-- Takes many queues in one call; with hash tags it takes one.
-- is: reading
-- needs: age deadline entry presence
local reply, time = {}, now(ARGV[1])

-- How many of a sorted set are not due yet, and how many are: those count as ready, though they have
-- not come back.
local function parts_of(set)
    local all = try('ZCARD', set)
    local due = all > 0 and redis.call('ZCOUNT', set, '-inf', until_now(time)) or 0
    return all - due, due
end

-- The number of the message that is the next one out, or nil: where the first hundred have expired it is
-- not looked for.
local function next_number(i, over, due)
    local list, key = KEYS[i], over > 0 and redis.call('ZRANGE', KEYS[i + 4], 0, 0)[1]
    local prefix = string.gsub(string.gsub(list, 'queue$', ''), '%.dead:$', ':')
    for at = 1, 100 do
        key = key or redis.call('LINDEX', list, -at)
        if not key then
            key = due > 0 and redis.call('ZRANGE', KEYS[i + 5], 0, 0)[1]
            return key and tonumber(string.match(key, ':(%d+)$'))
        elseif is_message(key, prefix) and redis.call('EXISTS', key) == 1 then
            return tonumber(string.sub(key, #prefix + 1))
        end
        key = nil
    end
end

local function age_of_next(i, over, due)
    local number = next_number(i, over, due)
    local counter = KEYS[i + 8] ~= KEYS[i] and (redis.call('GET', KEYS[i + 1]) or 0) or nil
    return age_of(number and read_ages(KEYS[i + 12], counter, time), number)
end

for i = 1, #KEYS - 12, 13 do
    local leased, over = parts_of(KEYS[i + 4])
    local delayed, due = parts_of(KEYS[i + 5])
    local ready = try('LLEN', KEYS[i]) + over + due
    reply[#reply + 1] = ready
    for j = i + 1, i + 3 do
        reply[#reply + 1] = try('GET', KEYS[j]) or ''
    end
    reply[#reply + 1] = leased
    reply[#reply + 1] = delayed
    local dead = try('LLEN', KEYS[i + 8]) + try('ZCARD', KEYS[i + 9]) + try('ZCARD', KEYS[i + 10])
    reply[#reply + 1] = KEYS[i + 8] ~= KEYS[i] and dead or 0
    reply[#reply + 1] = try('HGETALL', KEYS[i + 6])
    reply[#reply + 1] = try('HGETALL', KEYS[i + 7])
    reply[#reply + 1] = counts_of(KEYS[i + 11])
    reply[#reply + 1] = ready > 0 and age_of_next(i, over, due) or ''
end
return reply
