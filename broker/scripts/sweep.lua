-- sweep: removes some bodies of purged messages.
-- uses: oldest
-- KEYS  trash
-- ARGV  message prefix "<queue>:", how many
-- reply 1 if more are left, else 0
local number = try('LINDEX', KEYS[1], -1)
if not number then
    return 0
end
local list = KEYS[1] .. ':' .. number
local count = tonumber(ARGV[2])
local own = {}
for _, key in ipairs(try('LRANGE', list, -count, -1)) do
    if is_message(key, ARGV[1]) then
        own[#own + 1] = key
    end
end
redis.call('LTRIM', list, 0, -count - 1)
unlink(own)
if redis.call('EXISTS', list) == 0 then
    redis.call('RPOP', KEYS[1])
end
return redis.call('EXISTS', KEYS[1])
