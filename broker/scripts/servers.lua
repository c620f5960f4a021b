-- servers: all servers of a pool.
-- KEYS  pool; its rows are computed keys of the same slot
-- ARGV  none
-- reply "ok", row, array of server, score, …, row, array, … (the rows in no order); "few", 0 when there
--       is none; "many" when there are too many
-- is: reading
-- needs: pool
local pool = KEYS[1]
local reply, size = {'ok'}, 0
for _, row in ipairs(rows_of_pool(pool)) do
    local scores = {}
    local all = try('ZRANGE', row_key(pool, row), 0, MAX_SERVERS - size, 'WITHSCORES')
    size = size + #all / 2
    if size > MAX_SERVERS then
        return {'many'}
    end
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
return size > 0 and reply or {'few', 0}
