-- stats: the state of some queues.
-- KEYS  list, counter, status, policy, leases, delayed, stats, settings of each queue, and list,
--       leases and delayed of its dead letters (its own where it cannot have any), presence of the
--       topic of its name
-- ARGV  clock
-- reply of each: ready, counter, status, policy, leased, delayed, dead, an array of all stats,
--       an array of all settings, an array of helpers, each with how many consumers it has; what is not
--       set is an empty string
--
-- Takes many queues in one call; with hash tags it takes one.
-- is: reading
-- needs: presence deadline
local reply, time = {}, now(ARGV[1])

-- How many of a sorted set are not due yet, and how many are: those count as ready, though they have
-- not come back.
local function parts_of(set)
    local all = try('ZCARD', set)
    local due = all > 0 and redis.call('ZCOUNT', set, '-inf', until_now(time)) or 0
    return all - due, due
end

for i = 1, #KEYS - 11, 12 do
    local leased, over = parts_of(KEYS[i + 4])
    local delayed, due = parts_of(KEYS[i + 5])
    reply[#reply + 1] = try('LLEN', KEYS[i]) + over + due
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
end
return reply
