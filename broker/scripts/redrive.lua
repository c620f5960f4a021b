-- redrive: dead letters go back to the new end of their queue, the oldest first, counted anew.
-- KEYS  as settle, of the dead letters; then list, status and settings of their queue
-- ARGV  queue, message prefix "<queue>:", how many, channel of its events, channel of the dead letters'
--       events, clock
-- reply how many, or -1: its pushes are held; 1 if more are left else 0
--
-- Another program may have left entries there that are none of the queue's: they must not come into its list.
-- is: writing
-- needs: bringback due entry queue settings
local q = queue_of(KEYS, nil, ARGV[5])
local time, count = now(ARGV[6]), tonumber(ARGV[3])
if try('HEXISTS', KEYS[14], 'held_pushes') == 1 then
    return {-1, 0}
end
if is_due(q.leases, time) or is_due(q.delayed, time) then
    count = bring_for(q, read_settings(KEYS[5]), time, count, math.huge)
end
local keys = try('LRANGE', q.list, -count, -1)
if #keys == 0 then
    return {0, 0}
end
for _, key in ipairs(keys) do
    if not is_message(key, ARGV[2]) then
        error({err = 'DAMAGED ' .. q.list})
    end
end
try('LLEN', KEYS[12])
try('SISMEMBER', q.queues, ARGV[1])
try('HLEN', q.receipts)
redis.call('RPOP', q.list, #keys)
for last = #keys, 1, -500 do
    local some = {}
    for i = last, math.max(last - 499, 1), -1 do
        some[#some + 1] = keys[i]
    end
    redis.call('LPUSH', KEYS[12], unpack(some))
    redis.call('HDEL', q.receipts, unpack(some))
end
redis.call('SADD', q.queues, ARGV[1])
redis.call('SET', KEYS[13], '1', 'NX')
publish(ARGV[4], 'ready')
local is_more = redis.call('EXISTS', q.list) == 1 or is_due(q.leases, time) or
                is_due(q.delayed, time)
return {#keys, is_more and 1 or 0}
