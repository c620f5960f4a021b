-- is: part
-- When the numbers of a queue's messages were given, as far as somebody has looked at its counter: rows of
-- 16 bytes, the oldest first.  "between since and until, in seconds, the counter grew up to that"; since
-- is 0 of a first row of which nothing is known but until.
local AGE_FORMAT, AGE_SIZE = '>I4I4I8', 16

-- Row number i, from 1 on.
local function age_row(rows, i)
    return struct.unpack(AGE_FORMAT, rows, (i - 1) * AGE_SIZE + 1)
end

-- The arguments of age_of(), or nil where nothing is known: there are no rows, or the counter, which may be nil,
-- fell.
local function read_ages(sampled, counter, time)
    local rows = redis.pcall('HGET', sampled, 'ages')
    if type(rows) ~= 'string' or #rows == 0 or #rows % AGE_SIZE ~= 0 then
        return nil
    end
    local count = #rows / AGE_SIZE
    local _, _, highest = age_row(rows, count)
    counter = tonumber(counter)
    if counter and counter < highest then
        return nil
    end
    return {rows = rows, count = count, time = time}
end

-- The moment in seconds at which the message of that number was pushed, and whether it was then or
-- earlier; nil where that is not known.
local function pushed_at(ages, number)
    local low, high = 1, ages.count + 1
    while low < high do
        local middle = math.floor((low + high) / 2)
        local _, _, counter = age_row(ages.rows, middle)
        if counter >= number then
            high = middle
        else
            low = middle + 1
        end
    end
    if low > ages.count then
        return nil
    end
    local since, till, counter = age_row(ages.rows, low)
    if since == 0 then
        return till, true
    end
    local before = 0
    if low > 1 then
        before = select(3, age_row(ages.rows, low - 1))
    end
    return since + (till - since) * (number - before - 0.5) / (counter - before), false
end

-- Seconds since that: "12", ">12" for at least so many, or "" where nothing is known.
local function age_of(ages, number)
    local moment, is_bound
    if ages and number then
        moment, is_bound = pushed_at(ages, number)
    end
    if not moment then
        return ''
    end
    return (is_bound and '>' or '') ..
           string.format('%.0f', math.max(math.floor(ages.time / 1000 - moment), 0))
end
