-- value: the body of a message, wherever it stands, or only how long it is; nothing of another
-- program's key that is called like a message.
-- KEYS  body, counter and foreign keys of its queue, set of queues
-- ARGV  most bytes that are told, queue, number
-- reply the body; its length, a number, when that is more; nothing when there is none, or no string
-- is: reading
local is_queue = try('SISMEMBER', KEYS[4], ARGV[2]) == 1 or
                 redis.call('SISMEMBER', KEYS[4], ARGV[2] .. ':queue') == 1
local last = is_queue and redis.pcall('GET', KEYS[2])
if tonumber(ARGV[3]) > (type(last) == 'string' and tonumber(last) or 0) or
   redis.pcall('SISMEMBER', KEYS[3], KEYS[1]) ~= 0 then
    return false
end
local len = redis.pcall('STRLEN', KEYS[1])
if type(len) ~= 'number' then
    return false
elseif len > tonumber(ARGV[1]) then
    return len
end
return redis.call('GET', KEYS[1])
