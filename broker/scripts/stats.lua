-- stats: the state of some queues.
-- reads only
-- KEYS  list, counter, status, policy, leases, delayed, stats, settings of each queue, and list,
--       leases and delayed of its dead letters (its own where it cannot have any), presence of the
--       topic of its name
-- ARGV  helper prefix
-- reply of each: length, counter, status, policy, leased, delayed, dead, an array of all stats,
--       an array of all settings, live consumers; what is not set is an empty string
--
-- Takes many queues in one call, so it is not for a cluster.
-- uses: presence
local reply = {}
local is_alive = living(ARGV[1])
for i = 1, #KEYS, 12 do
    reply[#reply + 1] = try('LLEN', KEYS[i])
    for j = i + 1, i + 3 do
        reply[#reply + 1] = try('GET', KEYS[j]) or ''
    end
    reply[#reply + 1] = try('ZCARD', KEYS[i + 4])
    reply[#reply + 1] = try('ZCARD', KEYS[i + 5])
    local dead = try('LLEN', KEYS[i + 8]) + try('ZCARD', KEYS[i + 9]) + try('ZCARD', KEYS[i + 10])
    reply[#reply + 1] = KEYS[i + 8] ~= KEYS[i] and dead or 0
    reply[#reply + 1] = try('HGETALL', KEYS[i + 6])
    reply[#reply + 1] = try('HGETALL', KEYS[i + 7])
    reply[#reply + 1] = (count_present(KEYS[i + 11], is_alive))
end
return reply
