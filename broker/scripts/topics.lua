-- topics: one page of the topics that have somebody, with how many.
-- KEYS  topics
-- ARGV  cursor, about how many, helper prefix, presence of the topic "*"
-- reply next cursor ("0": that was all), 1 if dead helpers were passed over else 0, topic, count,
--       topic, count, …
-- is: reading
-- needs: presence
local page = try('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply = {page[1], 0}
local is_alive = living(ARGV[3])
for _, topic in ipairs(page[2]) do
    local count, has_dead = count_present(presence_of(ARGV[4], topic), is_alive)
    if count > 0 then
        reply[#reply + 1] = topic
        reply[#reply + 1] = count
    end
    if has_dead then
        reply[2] = 1
    end
end
return reply
