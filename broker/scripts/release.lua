-- release: a lease in force ends, and the message comes back.
-- KEYS  as settle
-- ARGV  message key, token, delay in ms or "", name of the dead letters, channel of events, clock
-- reply 1, or -1 if the token is not that of a lease in force
-- uses: deadline receipt settings giveback holder
local q = {list = KEYS[1], leases = KEYS[2], delayed = KEYS[3], receipts = KEYS[6],
           stats = KEYS[7], dead = KEYS[8], dead_status = KEYS[9], queues = KEYS[10],
           dead_receipts = KEYS[11], dead_name = ARGV[4]}
local key, time = ARGV[1], now(ARGV[6])
local deadline = try('ZSCORE', q.leases, key)
local deliveries, held = read_receipt(try('HGET', q.receipts, key))
if not deadline or is_over(deadline, time) or held ~= ARGV[2] then
    return -1
end
local settings = read_settings(KEYS[5])
check_give_back(q, settings)
redis.call('ZREM', q.leases, key)
if redis.call('EXISTS', key) == 1 then
    local fate, delay = fate_of(settings, deliveries, tonumber(ARGV[3]))
    give_back(q, key, deliveries, fate, time + (delay or 0))
    redis.pcall('PUBLISH', ARGV[5], 'ready')
else
    redis.call('HDEL', q.receipts, key)
    redis.pcall('HINCRBY', q.stats, 'expired', 1)
end
tell_holder(q.leases, held)
return 1
