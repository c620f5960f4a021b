-- choose: the servers of a pool that have the lowest scores, of equals the first by name; charges
-- them.
-- KEYS  pool; its rows are computed keys of the same slot
-- ARGV  how many, 1 if each must be of another row else 0, cost or "" for none
-- reply as charge.lua, or "few" and how many could be had
-- uses: pool charge
local pool, count, is_spread, cost = KEYS[1], tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3]

-- The row's next server by score and name; line.server is nil behind the last.
local function advance(line)
    repeat
        if line.at > #line.page then
            line.page = line.is_last and {} or
                        try('ZRANGE', line.key, line.from, line.from + line.step - 1, 'WITHSCORES')
            line.is_last = #line.page < 2 * line.step
            line.from, line.step, line.at = line.from + line.step, 100, 1
        end
        line.server, line.score = line.page[line.at], line.page[line.at + 1]
        line.number = tonumber(line.score)
        line.at = line.at + 2
        line.passed = line.passed + 1
        if line.passed > MAX_STRANGE + 2 * count then
            error({err = 'DAMAGED ' .. line.key})
        end
    until not line.server or line.number == math.huge or
          is_server(line.server) and is_finite(line.number)
    if line.number == math.huge then  -- and so all that follow
        line.server, line.page, line.is_last = nil, {}, true
    end
end

local lines, chosen, is_chosen = {}, {}, {}
for _, row in ipairs(rows_of_pool(pool)) do
    local line = {row = row, key = row_key(pool, row), step = is_spread and 1 or count, from = 0,
                  page = {}, at = 1, passed = 0}
    advance(line)
    lines[#lines + 1] = line
end
while #chosen < count do
    local best
    for _, line in ipairs(lines) do
        if line.server and (not best or line.number < best.number or
                            line.number == best.number and is_before(line.server, best.server)) then
            best = line
        end
    end
    if not best then
        return {'few', #chosen}
    end
    if is_chosen[best.server] then  -- some other client put it into two rows
        advance(best)
    else
        is_chosen[best.server] = true
        chosen[#chosen + 1] = {best.key, best.row, best.server, best.score}
        if is_spread then
            best.server = nil
        elseif #chosen < count then
            advance(best)
        end
    end
end
return charge(chosen, cost)
