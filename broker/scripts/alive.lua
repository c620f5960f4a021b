-- is: part
-- Helpers, and the topics where they have somebody, stand in sorted sets with the time when they were
-- last heard of.  A time to come is none: Redis's clock was set back, and whoever lives says it again.
local function is_recent(score, time, ms)
    return math.abs(time - score) <= tonumber(ms)
end

-- From the oldest such time to the newest.
local function recent(time, ms)
    return math.floor(time) - ms, math.floor(time) + ms
end
