-- stats: the state of some queues.
-- reads only
-- KEYS  list, counter, status, policy of each queue, one after the other
-- reply length, counter, status, policy of each; what is not set is an empty string
--
-- Takes many queues in one call, so it is not for a cluster.
local reply = {}
for i = 1, #KEYS, 4 do
    reply[i] = try('LLEN', KEYS[i])
    for j = i + 1, i + 3 do
        reply[j] = try('GET', KEYS[j]) or ''
    end
end
return reply
