-- score: a server of a pool gets a score, and a row if it has none or is to have another; or its score
-- goes up or down.
-- KEYS  pool, its version; its rows are computed keys of the same slot
-- ARGV  server, row or "" for the one where it is, "set", "reset" (if it is there) or "add", a number
-- reply "ok", server, row, score; "gone": it is not there and should be; "below" or "beyond", server; "many":
--       the pool is full
-- is: writing
-- needs: pool
local pool, version, server, row, number = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[4]
local rows, here, old, others, count = rows_of_pool(pool), nil, nil, {}, 0

try('GET', version)
for _, name in ipairs(rows) do
    local score = try('ZSCORE', row_key(pool, name), server)
    if score and (row == name or row == '' and not (here and is_before(here, name))) then
        here, old = name, score
    elseif score and row ~= '' then
        others[#others + 1] = name
    end
    count = count + try('ZCARD', row_key(pool, name))
end

if ARGV[3] == 'add' then
    if not here then
        return {'gone'}
    end
    local score = tonumber(old) + tonumber(number)
    if not is_finite(score) then
        return {'beyond', server}
    elseif tonumber(number) < 0 and score < 0 then
        return {'below', server}
    end
    return {'ok', server, here, redis.call('ZINCRBY', row_key(pool, here), number, server)}
end

if ARGV[3] == 'reset' and not here and #others == 0 then
    return {'gone'}
elseif not here then
    here = row ~= '' and row or 'default'
    if #others == 0 and count >= MAX_SERVERS then
        return {'many'}
    end
    try('ZCARD', row_key(pool, here))
end
redis.call('ZADD', row_key(pool, here), number, server)
if not old then
    redis.call('SADD', pool, here)
end
for _, name in ipairs(others) do
    redis.call('ZREM', row_key(pool, name), server)
    if redis.call('EXISTS', row_key(pool, name)) == 0 then
        redis.call('SREM', pool, name)
    end
end
if not old or #others > 0 then
    redis.pcall('INCR', version)
end
return {'ok', server, here, redis.call('ZSCORE', row_key(pool, here), server)}
