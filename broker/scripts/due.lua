-- is: part
-- needs: deadline
-- Is something in this sorted set due at that time?
local function is_due(set, time)
    return try('ZCOUNT', set, '-inf', until_now(time)) > 0
end
