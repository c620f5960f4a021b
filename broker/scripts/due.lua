-- Is something in this sorted set due at that time?
local function is_due(set, time)
    return #try('ZRANGEBYSCORE', set, '-inf', until_now(time), 'LIMIT', 0, 1) > 0
end
