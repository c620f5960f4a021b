-- who: one page of the rows of a topic.
-- KEYS  presence
-- ARGV  cursor ("0", or what a page before said: that of a helper's rows, "-", the helper's id),
--       about how many
-- reply next cursor ("0": that was all), helper, row, helper, row, …
--
-- The helpers come in the order of their ids, so that one that dies between two pages is no harm.
-- is: reading
-- needs: presence
local at, from = string.match(ARGV[1], '^(%d+)%-(.+)$')
local left = tonumber(ARGV[2])
local reply = {'0'}

-- Adds rows of a helper; returns the next cursor.
local function add_rows(helper, cursor)
    local page = try('HSCAN', rows_of(KEYS[1], helper), cursor, 'COUNT', left)
    for i = 2, #page[2], 2 do
        reply[#reply + 1] = helper
        reply[#reply + 1] = page[2][i]
    end
    left = left - #page[2] / 2
    return page[1]
end

local helpers = try('SMEMBERS', KEYS[1])
table.sort(helpers)
for _, helper in ipairs(helpers) do
    if not from or helper >= from then
        local cursor = helper == from and at or '0'
        if left > 0 then
            cursor = add_rows(helper, cursor)
        elseif cursor == '0' then
            reply[1] = '0-' .. helper
            break
        end
        if cursor ~= '0' then
            reply[1] = cursor .. '-' .. helper
            break
        end
    end
end
return reply
