-- is: part
-- "<deliveries> <token>", the token only while there is a lease.
local function read_receipt(receipt)
    local deliveries, token = string.match(receipt or '', '^(%d+) ?(.*)$')
    return tonumber(deliveries or 0), token
end
