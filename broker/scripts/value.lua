-- value: the body of a message, wherever it stands, or only how long it is.
-- reads only
-- KEYS  body
-- ARGV  most bytes that are told
-- reply the body; its length, a number, when that is more; nothing when there is none, or no string
local len = redis.pcall('STRLEN', KEYS[1])
if type(len) ~= 'number' then
    return false
elseif len > tonumber(ARGV[1]) then
    return len
end
return redis.call('GET', KEYS[1])
