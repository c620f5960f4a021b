-- take: removes up to count messages from the old end of a queue.
-- uses: oldest
-- KEYS  list, trash
-- ARGV  message prefix "<queue>:", count, most bytes of bodies (one message may be over it)
-- reply 1 if purged bodies wait to be swept else 0, 1 if the call should be repeated else 0,
--       key, body, key, body, …
local list, prefix, count = KEYS[1], ARGV[1], tonumber(ARGV[2])
local trash = redis.call('EXISTS', KEYS[2])

-- Nearly every call: one message, and it is alive.
if count == 1 then
    local key = try('LINDEX', list, -1)
    if not key then
        return {trash, 0}
    end
    if is_message(key, prefix) then
        local body = try('GET', key)
        if body then
            redis.call('RPOP', list)
            redis.call('UNLINK', key, key .. ':refcount')
            return {trash, 0, key, body}
        end
    end
end

local found, passed, again = oldest(list, prefix, count, tonumber(ARGV[3]))
if #passed > 0 then
    redis.call('RPOP', list, #passed)
    unlink(passed)
end
return {trash, again and 1 or 0, unpack(found)}
