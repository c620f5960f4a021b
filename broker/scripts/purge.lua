-- purge: empties a queue at once by moving its list aside; sweep removes the bodies.
-- KEYS  list, trash
-- ARGV  channel of the queue's events
-- reply number of entries that were ready
--
-- The trash is a list of numbers, newest first; "<trash>:<number>" is the list that was moved.
local length = try('LLEN', KEYS[1])
if length == 0 then
    return 0
end
local number = tonumber(try('LINDEX', KEYS[2], 0) or 0) + 1
redis.call('RENAME', KEYS[1], KEYS[2] .. ':' .. number)
redis.call('LPUSH', KEYS[2], number)
redis.pcall('PUBLISH', ARGV[1], 'purge')
return length
