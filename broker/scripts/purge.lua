-- purge: empties a queue at once by moving its parts aside; sweep removes the bodies.
-- KEYS  list, leases, delayed, receipts, trash, stats
-- ARGV  channel of the queue's events
-- reply number of entries that were ready, leased or delayed
--
-- The trash is a list of numbers, newest first; "<trash>:<number>" is what was moved.
local parts = {{KEYS[1], try('LLEN', KEYS[1])}, {KEYS[2], try('ZCARD', KEYS[2])},
               {KEYS[3], try('ZCARD', KEYS[3])}}
local number, total = tonumber(try('LINDEX', KEYS[5], 0) or 0), 0
if not number then
    error({err = 'DAMAGED ' .. KEYS[5]})
end
try('HLEN', KEYS[4])
for _, part in ipairs(parts) do
    local key, length = unpack(part)
    if length > 0 then
        number, total = number + 1, total + length
        redis.call('RENAME', key, KEYS[5] .. ':' .. number)
        redis.call('LPUSH', KEYS[5], number)
    end
end
if total > 0 then
    redis.call('UNLINK', KEYS[4])
    redis.pcall('HINCRBY', KEYS[6], 'purged', total)
end
redis.pcall('PUBLISH', ARGV[1], 'purge')
return total
