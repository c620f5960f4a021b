-- is: part
-- needs: events
-- A client has ended the lease with this token.  A point behind the random part marks a lease of a
-- helper's, which is told: whoever holds the message there has room for another one.
local function tell_holder(leases, key, token)
    if string.sub(token, 33, 33) == '.' then
        publish(events_beside(leases, key), 'ended ' .. token)
    end
end
