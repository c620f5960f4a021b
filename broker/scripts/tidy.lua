-- tidy: removes some rows of dead helpers, and announces that their consumers left.
-- KEYS  helpers, topics
-- ARGV  helper prefix, presence of the topic "*", how many at most: rows, topics and helpers together,
--       channel of the presence of the topic "*"
-- reply 1 if more may be left, else 0
--
-- Crosses topics, so it is not for a cluster.  What it finds is written down first and removed then.
-- is: writing
-- needs: presence announce vacate
local left = tonumber(ARGV[3])
local is_alive = living(ARGV[1])

-- Up to that many fields of a hash, as field, value, field, value, …
local function some_rows(rows, most)
    local cursor, found = '0', {}
    repeat
        local page = try('HSCAN', rows, cursor, 'COUNT', most)
        cursor = page[1]
        for i = 1, math.min(#page[2], 2 * most - #found) do
            found[#found + 1] = page[2][i]
        end
    until cursor == '0' or #found == 2 * most
    return found
end

local places, dead = {}, {}
for _, helper in ipairs(try('SRANDMEMBER', KEYS[1], 1000)) do
    if left > 0 and not is_alive(helper) then
        local helper_topics = ARGV[1] .. helper .. ':topics'
        left = left - 1
        dead[#dead + 1] = {id = helper, topics = helper_topics}
        for _, topic in ipairs(left > 0 and try('SRANDMEMBER', helper_topics, left) or {}) do
            if left > 0 then
                local presence = presence_of(ARGV[2], topic)
                local rows = rows_of(presence, helper)
                local found = some_rows(rows, left)
                left = left - math.max(1, #found / 2)
                try('SCARD', presence)
                places[#places + 1] = {presence = presence, rows = rows, topic = topic,
                                       helper = helper, helper_topics = helper_topics,
                                       found = found}
            end
        end
    end
end
try('SCARD', KEYS[2])

for _, place in ipairs(places) do
    for i = 1, #place.found, 2 do
        if redis.call('HDEL', place.rows, place.found[i]) == 1 then
            announce('leave', presence_of(ARGV[4], place.topic), place.topic, place.found[i + 1])
        end
    end
    vacate(place.presence, place.rows, KEYS[2], place.helper_topics, place.topic, place.helper)
end
for _, helper in ipairs(dead) do
    if redis.call('EXISTS', helper.topics) == 0 then
        redis.call('SREM', KEYS[1], helper.id)
    end
end
return left > 0 and 0 or 1
