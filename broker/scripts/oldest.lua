-- Is this list entry one of the queue's own messages, "<queue>:<digits>"?  Only those are read or
-- removed, whatever else somebody put into a list of that name.
local function is_message(entry, prefix)
    return string.sub(entry, 1, #prefix) == prefix and string.find(entry, '^%d+$', #prefix + 1)
end

-- Finds up to count living messages at the old end of the list, without changing anything.
-- An entry whose body expired or was deleted is passed over, and so is one that stands twice.
-- Returns a flat array key, body, key, body, …, all entries looked at (oldest first), and whether
-- it found nothing while entries remain beyond those.
local function oldest(list, prefix, count, max_bytes)
    local size = count < 100 and 100 or count
    local window = try('LRANGE', list, -size, -1)
    local found, passed, seen, bytes = {}, {}, {}, 0
    for i = #window, 1, -1 do
        local key = window[i]
        if not is_message(key, prefix) then
            error({err = 'DAMAGED ' .. list})
        end
        local body = not seen[key] and try('GET', key)
        if body then
            bytes = bytes + #body
            if #found > 0 and bytes > max_bytes then
                break
            end
            found[#found + 1] = key
            found[#found + 1] = body
            seen[key] = true
        end
        passed[#passed + 1] = key
        if #found == 2 * count then
            break
        end
    end
    return found, passed, #found == 0 and #window == size
end

-- Removes bodies and what goes with them; the keys were checked by is_message().
local function unlink(keys)
    for first = 1, #keys, 500 do
        local batch = {}
        for i = first, math.min(first + 499, #keys) do
            batch[#batch + 1] = keys[i]
            batch[#batch + 1] = keys[i] .. ':refcount'
        end
        redis.call('UNLINK', unpack(batch))
    end
end
