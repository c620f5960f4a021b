-- bodies: which messages of a range of numbers have a body?
-- reads only
-- KEYS  list (names the queue)
-- ARGV  message prefix "<queue>:", first number, how many
-- reply a string of as many "1" and "0"
local found = {}
for i = 1, tonumber(ARGV[3]) do
    found[i] = redis.call('EXISTS', ARGV[1] .. string.format('%.0f', ARGV[2] + i - 1))
end
return table.concat(found)
