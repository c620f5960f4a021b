-- index: the numbers of all queues as the last samples had them.
-- KEYS  index
-- ARGV  clock
-- reply now in whole ms, when what is there was seen first in ms or "0", then lines, some in each string
-- is: reading
local head = try('HMGET', KEYS[1], 'who', 'chunks', 'from')
local reply = {string.format('%.0f', math.floor(now(ARGV[1]))), head[3] or '0'}
local count = tonumber(head[2] or 0)
for first = 0, (count or 0) - 1, 500 do
    local fields = {}
    for i = first, math.min(first + 499, count - 1) do
        fields[#fields + 1] = head[1] .. ':' .. i
    end
    for _, lines in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do
        reply[#reply + 1] = lines or ''
    end
end
return reply
