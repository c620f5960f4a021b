-- is: part
-- A command whose failure must name its key: a wrong type, or a counter that is no number, ends
-- the script with "DAMAGED <key>"; anything else (OOM, READONLY, …) is passed on as it is.
-- Scripts use it for every read and for the first write, so that nothing has changed by then.
local function try(command, key, ...)
    local reply = redis.pcall(command, key, ...)
    if type(reply) == 'table' and reply.err then
        if string.find(reply.err, '^ERR The user executing') then
            error({err = 'NOPERM ' .. command})
        elseif string.find(reply.err, '^WRONGTYPE') or string.find(reply.err, '^ERR ') then
            error({err = 'DAMAGED ' .. key})
        end
        error(reply)
    end
    return reply
end

-- Tells who listens now, if this user may.  A channel that begins with a brace is a sharded one, see
-- keys_use_tags().
local function publish(channel, text)
    redis.pcall(string.byte(channel) == 123 and 'SPUBLISH' or 'PUBLISH', channel, text)
end

-- Milliseconds since 1970, with the microseconds as a fraction: Redis's clock, unless a test brings
-- its own, in microseconds.
local function now(clock)
    if clock and clock ~= '' then
        return clock / 1000
    end
    local time = redis.call('TIME')
    return time[1] * 1000 + time[2] / 1000
end
