-- retire: a server leaves its pool, or all of them do.
-- KEYS  pool, its version; its rows are computed keys of the same slot
-- ARGV  server, "" for all
-- reply how many were there
-- is: writing
-- needs: pool
local pool, version, server = KEYS[1], KEYS[2], ARGV[1]
local rows, keys, count = {}, {}, 0

try('GET', version)
for _, row in ipairs(rows_of_pool(pool)) do
    local key = row_key(pool, row)
    local found = server == '' and try('ZCARD', key) or try('ZSCORE', key, server) and 1 or 0
    if found > 0 then
        count, rows[#rows + 1], keys[#keys + 1] = count + found, row, key
    end
end
if server == '' then
    for _, key in ipairs(keys) do
        redis.call('UNLINK', key)
    end
    if count > 0 then
        redis.call('UNLINK', pool)
    end
else
    for i, key in ipairs(keys) do
        redis.call('ZREM', key, server)
        if redis.call('EXISTS', key) == 0 then
            redis.call('SREM', pool, rows[i])
        end
    end
end
if count > 0 then
    redis.pcall('INCR', version)
end
return server == '' and count or math.min(count, 1)
