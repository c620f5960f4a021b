-- is: part
-- The channel of a queue's events, out of the name of one of its sorted sets and of what the keys of its
-- messages begin with: where that is a hash tag, the channel begins with it, too.
local function events_beside(set, key)
    local beside = string.gsub(set, '%a+$', 'events')
    return string.byte(key) == 123 and string.gsub(beside, '^restmq:(.*)events$', '%1restmq:events') or
           beside
end
