-- A pool's rows and servers.  Any client may write its keys, so what is no name is passed over, and a
-- server whose score is infinite is out of service: it is never chosen.
local MAX_SERVERS, MAX_STRANGE = 1000, 1000

local function is_server(name)
    return #name > 0 and #name <= 255 and not string.find(name, '[^!-~]')
end

local function is_finite(score)
    return score == score and score > -math.huge and score < math.huge
end

-- Is a before b, byte by byte?  (Lua's own order is that of Redis's locale.)  Names have long beginnings
-- in common.
local function is_before(a, b)
    local from = 1
    while from <= #a and string.sub(a, from, from + 15) == string.sub(b, from, from + 15) do
        from = from + 16
    end
    for i = from, math.min(#a, #b) do
        local x, y = string.byte(a, i), string.byte(b, i)
        if x ~= y then
            return x < y
        end
    end
    return #a < #b
end

local function row_key(pool, row)
    return pool .. ':' .. row
end

-- In no order: sorting them would take longer than all else.
local function rows_of_pool(pool)
    local rows = {}
    for _, row in ipairs(try('SMEMBERS', pool)) do
        if #row <= 128 and string.find(row, '^[A-Za-z0-9_.@-]+$') then
            rows[#rows + 1] = row
        end
    end
    return rows
end

-- How many members all the rows have.
local function count_servers(pool, rows)
    local count = 0
    for _, row in ipairs(rows) do
        count = count + try('ZCARD', row_key(pool, row))
    end
    return count
end
