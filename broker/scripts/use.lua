-- is: part
-- Since when a queue is empty and nobody uses it stands in a hash: its name -> "<ms> <counter>".  Each push
-- changes the counter, what can be taken was pushed, and a consumer that joins removes the row.  So what
-- the row says holds for all the time since, but for settings that somebody has changed.

local HOUR = 3600000 -- so many ms without a walk, and the hash is gone: time begins anew

local function use_row(time, counter)
    return string.format('%.0f ', time) .. (counter or '')
end

local function unused_since(row, counter)
    local since, before = string.match(row or '', '^(%d+) (.*)$')
    return before == (counter or '') and tonumber(since)
end
