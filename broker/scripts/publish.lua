-- publish: a text for whoever listens on a channel now; where the channel remembers, also into its log.
-- KEYS  settings of the log, log
-- ARGV  channel, text, channel of the log, clock
-- reply how many connections heard it; where the channel keeps {that, the text's id, or '' if it could not be kept}
--
-- An entry is "<ms>-<number>"; numbers have no gaps, so a reader knows whether something is gone.  Its field is how
-- many bytes were kept with it and before it, its value the text.  "last" is ms, number and these bytes of the last
-- entry, and how many of the bytes were dropped.
-- is: writing
if redis.call('EXISTS', KEYS[1]) == 0 then
    return try('PUBLISH', ARGV[1], ARGV[2])
end

-- late: remembered; a channel that keeps nothing would cost 10 % more
local log = remembered(KEYS[1])
local time, id, reply = math.floor(now(ARGV[4])), nil, nil

-- Nothing is kept under an epoch if entries of it were lost, but for those whose time was over.
local is_first = log.number == 0 or log.seconds > 0 and log.ms + log.seconds * 1000 <= time

local function append()
    local words = {'XADD', KEYS[2]}
    local ms, number, sum = math.max(time, log.ms), log.number + 1, log.sum + #ARGV[2]
    if not is_first then
        words[#words + 1] = 'NOMKSTREAM'
    end
    if log.keep < 100 or number % 16 == 0 then -- readers pass over the few that are too many
        words[#words + 1], words[#words + 2], words[#words + 3] = 'MAXLEN', '=', log.keep
    end
    id = string.format('%.0f-%.0f', ms, number)
    words[#words + 1], words[#words + 2], words[#words + 3] = id, string.format('%.0f', sum), ARGV[2]
    reply = redis.pcall(unpack(words))
    if type(reply) == 'string' then
        log.ms, log.number, log.sum = ms, number, sum
        return true
    end
    return false
end

-- Drops whole messages from the old end, a sixteenth more than need be: so the next ones need not look.  In steps:
-- many small ones before a large one go with the messages after it.
local function drop_bytes()
    local floor, start = log.sum - math.floor(log.bytes / 16 * 15), '-'
    for _ = 1, 30 do
        local rows = redis.call('XRANGE', KEYS[2], start, '+', 'COUNT', 10)
        for _, row in ipairs(rows) do
            log.dropped = row[2][1] - #row[2][2]
            if log.dropped >= floor then
                redis.call('XTRIM', KEYS[2], 'MINID', '=', row[1])
                return
            end
            start = '(' .. row[1]
        end
        if #rows < 10 then
            log.dropped = log.sum
            redis.call('XTRIM', KEYS[2], 'MAXLEN', '=', 0)
            return
        end
    end
    redis.call('XTRIM', KEYS[2], 'MINID', '=', string.sub(start, 2))
end

local is_kept = log.epoch and append()
if not is_kept then
    local failure = type(reply) == 'table' and reply.err
    if failure and string.find(failure, '^WRONGTYPE') then
        error({err = 'DAMAGED ' .. KEYS[2]})
    elseif failure and string.find(failure, '^ERR The user executing') then
        error({err = 'NOPERM XADD'})
    elseif failure and not string.find(failure, '^OOM') and not string.find(failure, '^ERR ') then
        error(reply)
    end
    -- The log is lost, or Redis is full: then it is given up, as a log with holes is none.  Once a script has written,
    -- Redis refuses it nothing any more, so a full one is asked first.
    local time_of = redis.call('TIME')
    log.epoch = string.format('%x%05x', time_of[1], time_of[2])
    local begun = redis.pcall('HSET', KEYS[1], 'epoch', log.epoch)
    local refusal = type(begun) == 'table' and begun.err
    if refusal and not string.find(refusal, '^OOM') then
        error(begun)
    end
    try('UNLINK', KEYS[2])
    log.ms, log.number, log.sum, log.dropped, is_first = 0, 0, 0, 0, true
    is_kept = not refusal and append()
    if not is_kept then
        redis.call('HDEL', KEYS[1], 'epoch', 'last')
    end
end
if is_kept then
    if log.sum - log.dropped > log.bytes then
        drop_bytes()
    end
    if log.seconds > 0 then
        if log.number % 16 == 0 then
            redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f', math.max(0, time - log.seconds * 1000)))
        end
        redis.call('PEXPIRE', KEYS[2], log.seconds * 1000)
    end
    redis.call('HSET', KEYS[1], 'last',
               string.format('%.0f %.0f %.0f %.0f', log.ms, log.number, log.sum, log.dropped))
    id = log.epoch .. '-' .. id
    publish(ARGV[3], id .. ' ' .. ARGV[2])
end
local heard = try('PUBLISH', ARGV[1], ARGV[2])
return {heard, is_kept and id or ''}
