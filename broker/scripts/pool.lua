-- is: part
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
-- in common; bytes cost less than parts of a text, which Lua looks up each time.
local byte = string.byte

local function is_before(a, b)
    for i = 1, #a, 4 do
        local a1, a2, a3, a4 = byte(a, i, i + 3)
        local b1, b2, b3, b4 = byte(b, i, i + 3)
        if a1 ~= b1 then
            return a1 < (b1 or -1)
        elseif a2 ~= b2 then
            return (a2 or -1) < (b2 or -1)
        elseif a3 ~= b3 then
            return (a3 or -1) < (b3 or -1)
        elseif a4 ~= b4 then
            return (a4 or -1) < (b4 or -1)
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
