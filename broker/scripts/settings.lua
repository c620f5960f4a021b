-- is: part
-- A setting: a whole number from 1 to high, or 0 when it is not there.
local function setting(value, high, key)
    local number = value and string.match(value, '^%d+$') and tonumber(value)
    if value and not (number and number >= 1 and number <= high) then
        error({err = 'DAMAGED ' .. key})
    end
    return number or 0
end

-- The settings about taking and coming back; the names are those of the hash.  is_held: nobody
-- takes.
local function read_settings(key)
    local row = try('HMGET', key, 'lease', 'max_deliveries', 'backoff', 'held_takes')
    local base, factor, max = string.match(row[3] or '', '^(%d+),(%d+),(%d+)$')
    return {
        lease = setting(row[1], 43200, key) * 1000,
        max_deliveries = setting(row[2], 1000, key),
        backoff = base and function(deliveries)
            return math.min(base * factor ^ (deliveries - 1), tonumber(max)) * 1000
        end,
        is_held = row[4],
    }
end
