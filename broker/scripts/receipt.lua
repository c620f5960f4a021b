-- is: part
-- "<deliveries> <token>", the token only while there is a lease; and behind that, on lines of its own, why the
-- message failed, see why.lua: all of it with the line feed before it, or "".
local function read_receipt(receipt)
    local deliveries, token, why = string.match(receipt or '', '^(%d+) ?([^\n]*)(.*)$')
    return tonumber(deliveries or 0), token, why or ''
end
