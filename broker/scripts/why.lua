-- is: part
-- Why a message failed, in its receipt: a line with the reason of its last release that gave one, or an empty
-- one; of a dead letter then another, "<deliveries> <ms when it died> <reason of its last release, or nothing>".
-- Each has a line feed before it; of a message that has neither it is "".

-- The reason or ""; of a dead letter its deliveries, when it died and the reason then, else 0, 0 and "".
local function read_why(why)
    local reason, died = string.match(why, '^\n([^\n]*)\n?(.*)$')
    local deliveries, at, last = string.match(died or '', '^(%d+) (%d+) (.*)$')
    return reason or '', tonumber(deliveries or 0), tonumber(at or 0), last or ''
end

-- It was released with this reason; "": with none.
local function with_reason(why, reason)
    return reason == '' and why or '\n' .. reason .. (string.gsub(why, '^\n[^\n]*', ''))
end

-- It is a dead letter from that time on.
local function with_death(why, deliveries, time, reason)
    return '\n' .. read_why(why) .. '\n' .. deliveries .. ' ' .. string.format('%.0f', math.floor(time)) ..
           ' ' .. reason
end
