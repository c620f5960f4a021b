-- quick: has anything of these queues changed, most likely?  As little as tells.
-- KEYS  the lists, then the counters; then maybe leases, delayed, trash of each queue
-- ARGV  how many queues, clock
-- reply the time in whole ms, then "<entries> <counter> <1 if it has leases, delayed or trash else 0>,…"
--
-- Takes many queues in one call; with hash tags it takes one.
-- A key of a wrong type is named by the calls for its own queue; the others must not suffer.
-- is: reading
local count = tonumber(ARGV[1])
local has_any = #KEYS >= 5 * count and redis.call('EXISTS', unpack(KEYS, 2 * count + 1, 5 * count)) > 0
local counters, words = redis.call('MGET', unpack(KEYS, count + 1, 2 * count)), {}

for i = 1, count do
    local length = redis.pcall('LLEN', KEYS[i])
    local first = 2 * count + 3 * i - 2
    local has = has_any and redis.call('EXISTS', KEYS[first], KEYS[first + 1], KEYS[first + 2]) > 0
    words[i] = (type(length) == 'number' and length or 0) .. ' ' .. (counters[i] or '0') ..
               (has and ' 1' or ' 0')
end
return {string.format('%.0f', math.floor(now(ARGV[2]))), table.concat(words, ',')}
