-- peek: the oldest message of a queue, which stays; counts how often that was done.
-- uses: oldest
-- KEYS  list
-- ARGV  message prefix "<queue>:", 1 to count this reading or 0
-- reply 1 if the call should be repeated else 0, key, body, count
local list = KEYS[1]
local found, passed, again = oldest(list, ARGV[1], 1, 0)
local key, count = found[1], 0
if key then
    passed[#passed] = nil -- the message itself
    local counter = key .. ':refcount'
    count = tonumber(try('GET', counter) or 0)
    if not count then
        error({err = 'DAMAGED ' .. counter})
    end
    if ARGV[2] == '1' then
        -- A full Redis refuses to count, but the message can still be read.
        local counted = redis.pcall('INCR', counter)
        if type(counted) == 'number' then
            count = counted
            local ttl = redis.call('PTTL', key)
            if ttl > 0 then
                redis.call('PEXPIRE', counter, ttl)
            end
        elseif not string.find(counted.err, '^OOM') then
            error(counted)
        end
    end
end
if #passed > 0 then
    redis.call('RPOP', list, #passed)
    unlink(passed)
end
if not key then
    return {again and 1 or 0}
end
return {0, key, found[2], count}
