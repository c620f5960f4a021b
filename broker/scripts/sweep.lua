-- sweep: removes some bodies of purged messages.
-- KEYS  trash
-- ARGV  message prefix "<queue>:", how many
-- reply 1 if more are left, else 0
-- uses: entry oldest
local number = try('LINDEX', KEYS[1], -1)
if not number then
    return 0
end
local part = KEYS[1] .. ':' .. number
local count = tonumber(ARGV[2])
local is_list = redis.call('TYPE', part).ok ~= 'zset'
local entries = is_list and try('LRANGE', part, -count, -1) or try('ZRANGE', part, 0, count - 1)
local own = {}
for _, key in ipairs(entries) do
    if is_message(key, ARGV[1]) then
        own[#own + 1] = key
    end
end
if is_list then
    redis.call('LTRIM', part, 0, -count - 1)
else
    redis.call('ZREMRANGEBYRANK', part, 0, count - 1)
end
unlink(own)
if redis.call('EXISTS', part) == 0 then
    redis.call('RPOP', KEYS[1])
end
return redis.call('EXISTS', KEYS[1])
