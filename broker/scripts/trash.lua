-- is: part
-- Purged messages are moved aside at once, and their bodies are removed later, some at a time.  The
-- trash is a list of numbers, newest first; "<trash>:<number>" is what was moved.

-- Of a list and two sorted sets: what there is to move, and how many messages that are.
local function parts_of(list, leases, delayed)
    local parts = {{list, try('LLEN', list)}, {leases, try('ZCARD', leases)},
                   {delayed, try('ZCARD', delayed)}}
    return parts, parts[1][2] + parts[2][2] + parts[3][2]
end

local function newest_number_of(trash)
    local number = tonumber(try('LINDEX', trash, 0) or 0)
    if not number then
        error({err = 'DAMAGED ' .. trash})
    end
    return number
end

local function move_aside(trash, number, parts)
    for _, part in ipairs(parts) do
        local key, length = unpack(part)
        if length > 0 then
            number = number + 1
            redis.call('RENAME', key, trash .. ':' .. number)
            redis.call('LPUSH', trash, number)
        end
    end
end
