-- servers: all servers of a pool.
-- reads only
-- KEYS  pool; its rows are computed keys of the same slot
-- ARGV  none
-- reply "ok", row, array of server, score, …, row, array, …; "few", 0 when there is none; "many" when
--       there are too many
-- uses: pool
local pool = KEYS[1]
local rows = rows_of_pool(pool)
local size = count_servers(pool, rows)
if size == 0 then
    return {'few', 0}
elseif size > MAX_SERVERS then
    return {'many'}
end
local reply = {'ok'}
for _, row in ipairs(rows) do
    local scores = {}
    local all = try('ZRANGE', row_key(pool, row), 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
        if is_server(all[i]) then
            scores[#scores + 1] = all[i]
            scores[#scores + 1] = all[i + 1]
        end
    end
    if #scores > 0 then
        reply[#reply + 1] = row
        reply[#reply + 1] = scores
    end
end
return reply
