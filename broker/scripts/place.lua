-- place: the first servers of a pool that will do, in the order of a ring that the caller has; charges
-- them.
-- KEYS  pool, its version; its rows are computed keys of the same slot
-- ARGV  how many, 1 if each must be of another row else 0, cost or "" for none, bound or "" for none,
--       1 if the candidates are the whole ring, version and number of members of which the ring was
--       made ("": tell them; "*": never mind, pass over who is gone), then the candidates: row, server, row, server, …
-- reply as charge.lua; "few" and how many could be had; "more": tell the whole ring; "many": the pool
--       has too many servers; or, when the pool has other members than the ring, "ring", version,
--       number of members, row, server, row, server, …
--
-- With a bound, servers with a score above bound times the mean are passed over, unless there is no
-- other for a replica.
-- is: writing
-- needs: pool charge
local pool, count, is_spread, cost = KEYS[1], tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3]
local bound, is_whole = tonumber(ARGV[4]), ARGV[5] == '1'
local rows = rows_of_pool(pool)
local version, size = try('GET', KEYS[2]) or '0', count_servers(pool, rows)

if #version > 20 or not string.find(version, '^%d+$') then
    error({err = 'DAMAGED ' .. KEYS[2]})
elseif size == 0 then
    return {'few', 0}
elseif size > MAX_SERVERS then
    return {'many'}
end

local function members()
    local reply = {'ring', version, tostring(size)}
    for _, row in ipairs(rows) do
        for _, server in ipairs(try('ZRANGE', row_key(pool, row), 0, -1)) do
            if is_server(server) then
                reply[#reply + 1] = row
                reply[#reply + 1] = server
            end
        end
    end
    return reply
end

local is_any = ARGV[6] == '*'
if not is_any and (ARGV[6] ~= version or ARGV[7] ~= tostring(size)) then
    return members()
end

-- The highest score that is not passed over; never below the lowest there is.
local function read_limit()
    local sum, number, lowest = 0, 0, math.huge
    for _, row in ipairs(rows) do
        local scores = try('ZRANGE', row_key(pool, row), 0, -1, 'WITHSCORES')
        for i = 1, #scores, 2 do
            local score = tonumber(scores[i + 1])
            if is_server(scores[i]) and is_finite(score) then
                sum, number, lowest = sum + score, number + 1, math.min(lowest, score)
            end
        end
    end
    return number > 0 and math.max(bound * (sum / number), lowest) or 0
end

local limit = bound and read_limit() or math.huge
local chosen, passed, is_used = {}, {}, {}
local function choose(one)
    if not (is_spread and is_used[one[2]]) then
        chosen[#chosen + 1], is_used[one[2]] = one, true
    end
end

for i = 8, #ARGV, 2 do
    if #chosen == count then
        break
    end
    local key = row_key(pool, ARGV[i])
    local score = try('ZSCORE', key, ARGV[i + 1])
    if not score and not is_any then
        return members()
    elseif score and is_finite(tonumber(score)) then
        local one = {key, ARGV[i], ARGV[i + 1], score}
        if tonumber(score) > limit then
            passed[#passed + 1] = one
        else
            choose(one)
        end
    end
end
if #chosen < count and not is_whole then
    return {'more'}
end
for _, one in ipairs(passed) do
    if #chosen < count then
        choose(one)
    end
end
if #chosen < count then
    return {'few', #chosen}
end
return charge(chosen, cost)
