-- replay: what a channel remembers behind an id, or from its first message on.
-- KEYS  settings of the log, log
-- ARGV  epoch, ms and number of the id, each "" for all that is kept; how many messages; clock; channel
-- reply {keep, keep_bytes, keep_s, epoch or "", ms and number of the last message, 1 where something is gone behind
--       the id, how many are kept, connections that hear the channel here, ms, number and text of each message, …}
--
-- Without messages (0 of them) it tells what there is.
-- is: reading
-- needs: remembered
local log, most = remembered(KEYS[1]), tonumber(ARGV[4])
local heard = most == 0 and redis.call('PUBSUB', 'NUMSUB', ARGV[6])[2] or 0
if log.keep == 0 then
    return {0, 0, 0, '', '0', '0', 0, 0, heard}
end
local oldest = log.seconds > 0 and math.max(0, math.floor(now(ARGV[5])) - log.seconds * 1000 + 1) or 0
local lowest = log.number - log.keep + 1
local MOST_BYTES, PAGE = 1048576, 10

-- Messages from that entry on, those that are kept; at most count.
local function read(start, count)
    local rows, bytes = {}, 0
    repeat
        local page = try('XRANGE', KEYS[2], start, '+', 'COUNT', PAGE)
        for _, row in ipairs(page) do
            local ms, number = string.match(row[1], '^(%d+)-(%d+)$')
            if tonumber(number) >= lowest and tonumber(ms) >= oldest then
                rows[#rows + 1] = {ms = ms, number = number, text = row[2][2]}
                bytes = bytes + #row[2][2]
            end
            start = '(' .. row[1]
            if #rows == count or bytes >= MOST_BYTES then
                return rows
            end
        end
    until #page < PAGE
    return rows
end

local rows, first, is_gone = {}, string.format('%.0f', oldest), 0
if most == 0 then
    rows = log.epoch and read(first, 1) or {}
elseif ARGV[1] == '' then
    rows = log.epoch and read(first, most) or {}
else
    local number = tonumber(ARGV[3])
    if not log.epoch or ARGV[1] ~= log.epoch or number > log.number then
        is_gone = 1
    else
        rows = read(string.format('(%s-%s', ARGV[2], ARGV[3]), most)
        if rows[1] and tonumber(rows[1].number) ~= number + 1 or not rows[1] and number < log.number then
            is_gone = 1
        end
    end
    if is_gone == 1 then
        rows = log.epoch and read(first, most) or {}
    end
end
local reply = {
    log.keep, log.bytes, log.seconds, log.epoch or '', string.format('%.0f', log.ms),
    string.format('%.0f', log.number), is_gone, rows[1] and log.number - rows[1].number + 1 or 0, heard}
for _, row in ipairs(rows) do
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = row.ms, row.number, row.text
end
return reply
