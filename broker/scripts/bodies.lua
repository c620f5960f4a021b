-- bodies: which messages of a range of numbers have a body?
-- KEYS  foreign keys
-- ARGV  message prefix "<queue>:", first number, how many
-- reply a string of as many "1" and "0"; another program's key is no body
-- is: reading
local found, has_foreign = {}, try('SCARD', KEYS[1]) > 0
for i = 1, tonumber(ARGV[3]) do
    local key = ARGV[1] .. string.format('%.0f', ARGV[2] + i - 1)
    found[i] = redis.call('EXISTS', key)
    if has_foreign and redis.call('SISMEMBER', KEYS[1], key) == 1 then
        found[i] = 0
    end
end
return table.concat(found)
