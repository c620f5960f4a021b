-- Leases and delayed messages stand in sorted sets by milliseconds.  A fraction keeps those of the
-- same millisecond in the order in which they came, since the set by itself would order them by
-- name; it says nothing about time.
local STEP = 1 / 4096

-- The first free place at or behind that millisecond.
local function place(set, ms)
    local last = redis.call('ZREVRANGEBYSCORE', set, '(' .. ms + 1, ms, 'WITHSCORES',
                            'LIMIT', 0, 1)
    return last[2] and tonumber(last[2]) + STEP or ms
end

-- The upper bound of what is over at that time, for a range of scores.
local function until_now(time)
    return '(' .. time + 1
end

local function is_over(score, time)
    return math.floor(tonumber(score)) <= time
end
