-- is: part
-- Is this list entry one of the queue's own messages, "<queue>:<digits>"?  Only those are read or
-- removed, whatever else somebody put into a list of that name.
local function is_message(entry, prefix)
    return string.sub(entry, 1, #prefix) == prefix and string.find(entry, '^%d+$', #prefix + 1)
end
