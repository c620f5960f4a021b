-- indexed: from now on these chunks of the index count, and no others.
-- KEYS  index
-- ARGV  who has written them, how many, when what they say was seen first in ms, 0: there was nothing to
--       see, clock
-- reply 1 if those of the same one counted before, else 0; the time in whole ms
--
-- "runs" says when samples were taken: from-until,from-until,…; up to twenty of them, a minute or more
-- between.
-- is: writing
local index, who, count, from = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = math.floor(now(ARGV[4]))
from = from > 0 and from or time
local MOST_RUNS, PAUSE = 20, 60000
local before = try('HMGET', index, 'who', 'chunks', 'runs')
local runs = {}

for since, till in string.gmatch(before[3] or '', '(%d+)-(%d+)') do
    if tonumber(till) <= time then
        runs[#runs + 1] = {tonumber(since), tonumber(till)}
    end
end
local last = runs[#runs]
if last and from <= last[2] + PAUSE then
    last[2] = time
else
    runs[#runs + 1] = {from, time}
end
local words = {}
for i = math.max(#runs - MOST_RUNS + 1, 1), #runs do
    words[#words + 1] = string.format('%.0f-%.0f', runs[i][1], runs[i][2])
end
redis.call('HSET', index, 'who', who, 'chunks', count, 'from', string.format('%.0f', from),
           'runs', table.concat(words, ','))

-- Chunks that counted before and do not any more.
local gone = {}
for number = before[1] == who and count or 0, (tonumber(before[2] or 0) or 0) - 1 do
    gone[#gone + 1] = before[1] .. ':' .. number
end
for first = 1, #gone, 500 do
    redis.call('HDEL', index, unpack(gone, first, math.min(first + 499, #gone)))
end
return {before[1] == who and 1 or 0, string.format('%.0f', time)}
