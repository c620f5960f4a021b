-- topics: one page of the topics that had somebody a moment ago.
-- KEYS  topics
-- ARGV  cursor, about how many, for how many ms it is said of a topic, clock
-- reply next cursor ("0": that was all), topics
-- is: reading
-- needs: alive
local page, time, found = try('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]), now(ARGV[4]), {}
for i = 1, #page[2], 2 do
    if is_recent(page[2][i + 1], time, ARGV[3]) then
        found[#found + 1] = page[2][i]
    end
end
return {page[1], found}
