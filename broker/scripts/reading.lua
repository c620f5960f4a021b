-- is: part
-- How often this message was read; once more, if this reading counts.
local function count_reading(key, is_counted)
    local counter = key .. ':refcount'
    local count = tonumber(try('GET', counter) or 0)
    if not count then
        error({err = 'DAMAGED ' .. counter})
    elseif not is_counted then
        return count
    end
    -- A full Redis refuses to count, but the message can still be read.
    local counted = redis.pcall('INCR', counter)
    if type(counted) == 'number' then
        local ttl = redis.call('PTTL', key)
        if ttl > 0 then
            redis.call('PEXPIRE', counter, ttl)
        end
        return counted
    elseif string.find(counted.err, '^ERR The user executing') then
        error({err = 'NOPERM INCR'})
    elseif string.find(counted.err, '^ERR ') then
        error({err = 'DAMAGED ' .. counter})
    elseif not string.find(counted.err, '^OOM') then
        error(counted)
    end
    return count
end
