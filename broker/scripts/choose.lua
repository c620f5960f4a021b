-- choose: the servers of a pool that have the lowest scores, of equals the first by name; charges
-- them.
-- KEYS  pool; its rows are computed keys of the same slot
-- ARGV  how many, 1 if each must be of another row else 0, cost or "" for none
-- reply as charge.lua, or "few" and how many could be had
-- is: writing
-- needs: pool charge
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

-- A server that some other client put into two rows stands in the first one.
-- The rows that have a server left, as a heap: none of lines[2 * i] and lines[2 * i + 1] comes before
-- lines[i].
local lines = {}

local function comes_before(line, other)
    if line.number ~= other.number then
        return line.number < other.number
    end
    if line.server ~= other.server then
        return is_before(line.server, other.server)
    end
    return is_before(line.row, other.row)
end

local function sift_down(at)
    local line, size = lines[at], #lines
    while 2 * at <= size do
        local child = 2 * at
        if child < size and comes_before(lines[child + 1], lines[child]) then
            child = child + 1
        end
        if not comes_before(lines[child], line) then
            break
        end
        lines[at], at = lines[child], child
    end
    lines[at] = line
end

for _, row in ipairs(rows_of_pool(pool)) do
    local line = {row = row, key = row_key(pool, row), step = is_spread and 1 or count, from = 0,
                  page = {}, at = 1, passed = 0}
    advance(line)
    lines[#lines + 1] = line.server and line or nil
end
for at = math.floor(#lines / 2), 1, -1 do
    sift_down(at)
end

local chosen, is_chosen = {}, {}
while #chosen < count do
    local best = lines[1]
    if not best then
        return {'few', #chosen}
    end
    local is_double = is_chosen[best.server]  -- some other client put it into two rows
    if not is_double then
        is_chosen[best.server] = true
        chosen[#chosen + 1] = {best.key, best.row, best.server, best.score}
    end
    if is_spread and not is_double then
        best.server = nil
    elseif #chosen < count then
        advance(best)
    end
    if not best.server then
        lines[1] = lines[#lines]
        lines[#lines] = nil
    end
    if lines[1] then
        sift_down(1)
    end
end
return charge(chosen, cost)
