-- is: part
-- needs: entry oldest
-- How many of these entries of the trash are work for one step of at most so many bytes of bodies (one
-- may be over it); and the keys of messages among them.
local function some_of(entries, prefix, max_bytes)
    local own, bytes = {}, 0
    for i, key in ipairs(entries) do
        if is_message(key, prefix) then
            local length = redis.pcall('STRLEN', key)
            bytes = bytes + (type(length) == 'number' and length or 0)
            if i > 1 and bytes > max_bytes then
                return i - 1, own
            end
            own[#own + 1] = key
        end
    end
    return #entries, own
end

-- The oldest part of the trash, and whether it is a list, else a sorted set; or nil.
local function oldest_part(trash)
    local number = try('LINDEX', trash, -1)
    if not number then
        return nil
    end
    local part = trash .. ':' .. number
    local kind = redis.call('TYPE', part).ok
    if kind ~= 'zset' and kind ~= 'list' and kind ~= 'none' then
        error({err = 'DAMAGED ' .. part})
    end
    return part, kind ~= 'zset'
end

-- Removes at most so many bodies of the oldest part of the trash; true if there was one.
local function empty_some(trash, prefix, count, max_bytes)
    local part, is_list = oldest_part(trash)
    if not part then
        return false
    end
    local some, own =
        some_of(try(is_list and 'LRANGE' or 'ZRANGE', part, 0, count - 1), prefix, max_bytes)
    if is_list then
        redis.call('LTRIM', part, some, -1)
    else
        redis.call('ZREMRANGEBYRANK', part, 0, some - 1)
    end
    unlink(own)
    if redis.call('EXISTS', part) == 0 then
        redis.call('RPOP', trash)
    end
    return true
end
