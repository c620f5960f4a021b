-- is: part
-- needs: settings
-- What a channel remembers, see publish.lua; keep 0: nothing.  epoch nil: nothing was kept yet, or it was lost.
local function remembered(key)
    local row = try('HMGET', key, 'keep', 'keep_bytes', 'keep_s', 'epoch', 'last')
    local ms, number, sum, dropped = string.match(row[5] or '', '^(%d+) (%d+) (%d+) (%d+)$')
    return {
        keep = setting(row[1], 100000, key),
        bytes = setting(row[2], 1073741824, key),
        seconds = setting(row[3], 315360000, key),
        epoch = ms and row[4] or nil,
        ms = tonumber(ms or 0), number = tonumber(number or 0),
        sum = tonumber(sum or 0), dropped = tonumber(dropped or 0),
    }
end
