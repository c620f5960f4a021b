-- is: part
-- Somebody has ended the lease with this token.  A point behind the random part marks a lease of a
-- helper's, which is told: whoever holds the message there has room for another one.
local function tell_holder(leases, token)
    if string.sub(token, 33, 33) == '.' then
        local events = string.gsub(leases, 'leases$', 'events') -- it stands beside
        redis.pcall('PUBLISH', events, 'ended ' .. token)
    end
end
