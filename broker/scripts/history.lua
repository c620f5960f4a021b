-- history: the samples of some queues, as sample.lua has written them.
-- KEYS  of each queue: sampled, history
-- ARGV  1 for all, 0 for those of every ten seconds only; clock
-- reply now in whole ms, then an array for each queue: its last sample or "", then names of chunks, each with
--       its rows
--
-- Takes many queues in one call; with hash tags it takes one.
-- A key of a wrong type has no samples: it is named where it is written.
-- is: reading
local time, CHUNK_SECONDS = now(ARGV[2]), 600
local reply, fields = {string.format('%.0f', math.floor(time))}, {}
local newest = math.floor(time / 1000 / CHUNK_SECONDS)

for number = newest - 6, newest + 1 do
    fields[#fields + 1] = 'a' .. string.format('%.0f', number)
end
local function chunks_of(key)
    local some = {}
    if ARGV[1] == '1' then
        some = redis.pcall('HGETALL', key)
        return some.err and {} or some
    end
    local rows = redis.pcall('HMGET', key, unpack(fields))
    for i = 1, rows.err and 0 or #fields do
        if rows[i] then
            some[#some + 1] = fields[i]
            some[#some + 1] = rows[i]
        end
    end
    return some
end

for i = 1, #KEYS - 1, 2 do
    local last = redis.pcall('HGET', KEYS[i], 'last')
    reply[#reply + 1] = {type(last) == 'string' and last or '', unpack(chunks_of(KEYS[i + 1]))}
end
return reply
