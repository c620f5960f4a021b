-- is: part
-- Leases and delayed messages stand in sorted sets by milliseconds.  The fraction, which is that of
-- the clock, keeps those of the same millisecond in the order in which they came, since the set by
-- itself would order them by name; otherwise it counts for nothing.

-- From one message of a call to its next: the smallest fraction that numbers of this size have.  No
-- call is so quick that its last message could stand behind the first one of the next call.
local STEP = 1 / 4096

-- The upper bound of what is over at that time, for a range of scores.
local function until_now(time)
    return '(' .. math.floor(time) + 1
end

local function is_over(score, time)
    return math.floor(tonumber(score)) <= time
end
