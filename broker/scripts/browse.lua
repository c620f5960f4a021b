-- browse: a page of a queue's messages, which stay as they are.
-- KEYS  list, leases, delayed, receipts; then counter and sampled of the queue whose numbers its messages have
-- ARGV  message prefix "<queue>:" as keys have it, and as clients see it; which states: some of the letters r
--       (ready), l (leased) and d (delayed); how many entries to pass over; most messages, most entries to
--       look at, bytes of a body to tell; text that the key, the reason or the beginning of the body must have,
--       or ""; bytes of a body in which that is looked for, 0: in the key only; most bytes of bodies to read
--       (one may be over it), clock
-- reply the time in ms; how many entries to pass over for the next page, or -1: this is the last one; then of
--       each message what facts.lua says
--
-- The order is that of the states, in each the next one out first.  What is over or due and has not come back
-- yet is ready: leases that are over stand before the list, what is due behind it.
-- is: reading
-- needs: age deadline entry facts receipt why
local list, leases, delayed, receipts = unpack(KEYS)
local prefix, shown, states, text = ARGV[1], ARGV[2], ARGV[3], ARGV[8]
local passed, most, looks = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local cut, depth, max_bytes = tonumber(ARGV[7]), tonumber(ARGV[9]), tonumber(ARGV[10])
local time = now(ARGV[11])
local has_match = text ~= ''

local function over_of(set)
    return try('ZCOUNT', set, '-inf', until_now(time))
end

local over, due = over_of(leases), over_of(delayed)
local parts = {{state = 'ready', key = leases, first = 0, count = over},
               {state = 'ready', key = list, count = try('LLEN', list)},
               {state = 'ready', key = delayed, first = 0, count = due},
               {state = 'leased', key = leases, first = over, count = redis.call('ZCARD', leases) - over},
               {state = 'delayed', key = delayed, first = due, count = redis.call('ZCARD', delayed) - due}}

-- Some entries of a part, the next one out first, and their scores.
local function entries_of(part, from, count)
    local keys, scores = {}, {}
    if part.first then
        local rows = redis.call('ZRANGE', part.key, part.first + from, part.first + from + count - 1,
                                'WITHSCORES')
        for i = 1, #rows, 2 do
            keys[#keys + 1], scores[#scores + 1] = rows[i], tonumber(rows[i + 1])
        end
    else
        local rows = redis.call('LRANGE', part.key, -from - count, -from - 1)
        for i = #rows, 1, -1 do
            keys[#keys + 1] = rows[i]
        end
    end
    return keys, scores
end

-- Which of these entries of the list stand among the leases, too: a take passes over them.
local function doubles_of(part, keys)
    return not part.first and #keys > 0 and redis.call('ZMSCORE', leases, unpack(keys)) or {}
end

local reply, found, bytes, is_full = {math.floor(time), -1}, 0, 0, false
local ages = read_ages(KEYS[6], redis.call('GET', KEYS[5]) or 0, time)

local function has_text(key, body, receipt)
    local reason, _, _, last = read_why(select(3, read_receipt(receipt)))
    for i, place in ipairs({shown .. string.sub(key, #prefix + 1), string.sub(body, 1, depth), reason, last}) do
        if (i == 1 or depth > 0) and string.find(place, text, 1, true) then
            return true
        end
    end
end

-- One entry; false: there is no room for it any more.
local function tell(part, key, score, receipt)
    local size = is_message(key, prefix) and size_of(key)
    if not size then
        return true
    end
    local reads = math.min(size, has_match and math.max(cut, depth) or cut)
    if bytes > 0 and bytes + reads > max_bytes then
        return false
    end
    bytes = bytes + reads
    local body = reads > 0 and redis.call('GETRANGE', key, 0, reads - 1) or ''
    if has_match and not has_text(key, body, receipt) then
        return true
    end
    found = found + 1
    add_facts(reply, {key = key, state = part.state, size = size, receipt = receipt,
                      until_ms = part.state == 'ready' and 0 or score, beginning = string.sub(body, 1, cut)},
              ages, time)
    return true
end

-- Where the part after these begins.
local begins = 0
for _, part in ipairs(parts) do
    local is_wanted = string.find(states, string.sub(part.state, 1, 1), 1, true)
    local ends = begins + (is_wanted and part.count or 0)
    while passed < ends and not is_full do
        local keys, scores = entries_of(part, passed - begins, math.min(looks, ends - passed, 100))
        local doubles = doubles_of(part, keys)
        local known = #keys > 0 and try('HMGET', receipts, unpack(keys)) or {}
        for i, key in ipairs(keys) do
            is_full = found == most or looks == 0 or not doubles[i] and not tell(part, key, scores[i], known[i])
            if is_full then
                break
            end
            passed, looks = passed + 1, looks - 1
        end
        is_full = is_full or looks == 0 or found == most
    end
    begins = ends
end
if passed < begins then
    reply[2] = passed
end
return reply
