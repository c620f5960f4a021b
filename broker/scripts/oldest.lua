-- is: part
-- needs: entry
-- Finds up to count living messages at the old end of the list, without changing anything.
-- Passed over are entries whose body expired or was deleted ("gone"), and those that stand twice:
-- here, or once more under a lease (leases is its key, or nil when there are none).
-- Returns found, a flat array key, body, key, body, …; gone, an array of keys; how many entries of
-- the list that makes; and whether it found nothing in the first thousand while there are more.
local oldest
function oldest(list, leases, prefix, count, max_bytes, size)
    size = size or count
    local window = try('LRANGE', list, -size, -1)
    local found, gone, passed, seen, bytes, is_full = {}, {}, 0, {}, 0, false
    local deadlines = leases and #window > 0 and try('ZMSCORE', leases, unpack(window)) or {}
    for i = #window, 1, -1 do
        local key = window[i]
        if not is_message(key, prefix) then
            error({err = 'DAMAGED ' .. list})
        end
        if not seen[key] and not deadlines[i] then
            local body = try('GET', key)
            if body then
                bytes = bytes + #body
                if #found > 0 and bytes > max_bytes then
                    is_full = true
                    break
                end
                found[#found + 1] = key
                found[#found + 1] = body
            else
                gone[#gone + 1] = key
            end
            seen[key] = true
        end
        passed = passed + 1
        if #found == 2 * count then
            is_full = true
            break
        end
    end
    local is_end = is_full or #window < size
    if not is_end and size < 1000 then
        return oldest(list, leases, prefix, count, max_bytes, 1000)
    end
    return found, gone, passed, #found == 0 and not is_end
end

-- Calls a command with many keys, some at a time: Lua's stack is finite.
local function in_batches(keys, act)
    for first = 1, #keys, 500 do
        act(unpack(keys, first, math.min(first + 499, #keys)))
    end
end

-- Removes bodies and what goes with them; the keys were checked by is_message().  A Redis user
-- without the right to UNLINK leaves bodies behind, but loses no message.
local function unlink(keys)
    local all = {}
    for i, key in ipairs(keys) do
        all[2 * i - 1] = key
        all[2 * i] = key .. ':refcount'
    end
    in_batches(all, function(...) redis.pcall('UNLINK', ...) end)
end

-- Removes what belongs to entries that were passed over, once they have left the list: those that are gone, and
-- so many that stood twice.
local function forget_passed(receipts, stats, gone, doubles)
    unlink(gone)
    in_batches(gone, function(...) redis.call('HDEL', receipts, ...) end)
    if #gone > 0 then
        redis.pcall('HINCRBY', stats, 'expired', #gone)
    end
    if doubles > 0 then
        redis.pcall('HINCRBY', stats, 'dropped', doubles)
    end
end
