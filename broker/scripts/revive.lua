-- revive: chosen dead letters go back to the new end of their queue, in the order of the call, counted anew.
-- KEYS  list, leases, delayed, receipts of the dead letters; then list, status and settings of their queue,
--       set of queues
-- ARGV  as discard, and before the keys: queue, channel of its events
-- reply as discard, or -1: its pushes are held
-- is: writing
-- needs: chosen oldest
local q = {list = KEYS[1], leases = KEYS[2], delayed = KEYS[3], receipts = KEYS[4]}
if try('HEXISTS', KEYS[7], 'held_pushes') == 1 then
    return -1
end
local keys = {unpack(ARGV, 6)}
local reply, places, length = choose(q, keys, tonumber(ARGV[1]), tonumber(ARGV[2]), now(ARGV[3]))
try('LLEN', KEYS[5])
try('SISMEMBER', KEYS[8], ARGV[4])
local chosen = take_out(q, keys, reply, places, length)
if #chosen > 0 then
    in_batches(chosen, function(...) redis.call('LPUSH', KEYS[5], ...) end)
    redis.call('SADD', KEYS[8], ARGV[4])
    redis.call('SET', KEYS[6], '1', 'NX')
    publish(ARGV[5], 'ready')
end
return reply
