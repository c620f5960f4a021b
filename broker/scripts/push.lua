-- push: one message to the new end of a queue.
-- KEYS  list, counter, status, set of all queues
-- ARGV  queue, message prefix "<queue>:", channel, body, ttl in seconds or ""
-- reply the new message's number
local list = KEYS[1]
local was_empty = try('LLEN', list) == 0
if was_empty then
    try('SISMEMBER', KEYS[4], ARGV[1])
end

-- A queue that nobody reads must not grow while its messages expire: two dead entries go for each
-- that comes with a ttl.
local dead = {}
if ARGV[5] ~= '' then
    for i = -1, -2, -1 do
        local key = redis.call('LINDEX', list, i)
        if not key or redis.call('EXISTS', key) == 1 then
            break
        end
        dead[#dead + 1] = key
    end
end

-- Lua by itself would write a large number with an exponent.
local id = try('INCR', KEYS[2])
local key = ARGV[2] .. string.format('%.0f', id)
if ARGV[5] == '' then
    redis.call('SET', key, ARGV[4])
else
    redis.call('SET', key, ARGV[4], 'EX', ARGV[5])
end
for _ = 1, #dead do
    redis.call('RPOP', list)
end
redis.call('LPUSH', list, key)
if was_empty then
    redis.call('SADD', KEYS[4], ARGV[1])
    redis.call('SET', KEYS[3], '1', 'NX')
end
redis.pcall('PUBLISH', ARGV[3], key)
return id
