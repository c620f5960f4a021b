-- remove: a queue goes with all that it has, its dead letters and its counter too; in steps, if it has
-- many messages.
-- KEYS  set of queues, then of the queue: list, leases, delayed, receipts, trash, stats, counter,
--       status, policy, settings, remembers, presence of the topic of its name; then the same of its
--       dead letters (its own again where it cannot have any); then foreign keys, unused, and what was
--       sampled and history of both
-- ARGV  queue, dead letters, message prefix "<queue>:", "1" to remove it whatever it has, most bodies
--       and most bytes of bodies of a step, ids of the helpers whose consumers are in the way, one a
--       line, "*" for all of them; channels of events of both, for how many ms it must have been
--       unused or "", clock
-- reply 1 removed, 0 the call should be repeated, -1 something is in the way, -2 there is no such queue,
--       -3 it is used;
--       how many ready, leased and delayed messages, dead letters and consumers it has, 1 if it
--       remembers Idempotency-Keys else 0
--
-- The counter goes last: before all bodies have gone, another message must not have the key of one.
-- It stays if some of its first or last numbers are keys all the same: bodies without an entry, as an
-- original RestMQ leaves them, or another program's.  A push passes over a few of those only.
-- is: writing
-- needs: emptying presence trash use
local queues, PARTS, COUNTER, ENDS = KEYS[1], 12, 7, 500
local foreign, unused = KEYS[2 + 2 * PARTS], KEYS[3 + 2 * PARTS]

-- How many consumers a topic has at these helpers.
local function count_consumers(presence)
    local total, counts = 0, counts_of(presence)
    for i = 1, #counts, 2 do
        local is_there = ARGV[7] == '*' or string.find(ARGV[7], '\n' .. counts[i] .. '\n', 1, true)
        total = total + (is_there and counts[i + 1] or 0)
    end
    return total
end

local function side(first, name, events)
    local own = {unpack(KEYS, first, first + PARTS - 1)}
    local parts, total = parts_of(own[1], own[2], own[3])
    try('HLEN', own[4])
    oldest_part(own[5]) -- which is emptied once this has been moved aside
    return {keys = own, parts = parts, total = total, trash = own[5], name = name, events = events,
            number = newest_number_of(own[5]), consumers = count_consumers(own[PARTS])}
end

-- Is one of these numbers, from the first on, a key?
local function has_one_of(first)
    local keys = {}
    for i = 1, ENDS do
        keys[i] = ARGV[3] .. string.format('%.0f', first + i - 1)
    end
    return redis.call('EXISTS', unpack(keys)) > 0
end

local sides = {side(2, ARGV[1], ARGV[8])}
local queue, dead = sides[1], nil
if KEYS[2 + PARTS] ~= KEYS[2] then
    sides[2] = side(2 + PARTS, ARGV[2], ARGV[9])
    dead = sides[2]
end
local parts, newest = queue.parts, tonumber(redis.pcall('GET', queue.keys[COUNTER]))
local reply = {1, parts[1][2], parts[2][2], parts[3][2], dead and dead.total or 0,
               queue.consumers + (dead and dead.consumers or 0), redis.call('EXISTS', queue.keys[11])}

local is_known = try('SISMEMBER', queues, ARGV[1]) + redis.call('SISMEMBER', queues, ARGV[1] .. ':queue')
if is_known + redis.call('EXISTS', unpack(queue.keys, 1, PARTS - 1)) + (dead and dead.total or 0) == 0 then
    reply[1] = -2
    return reply
end

-- For a queue that is in use the time without use begins anew.
local function refuse(outcome)
    if ARGV[10] ~= '' then
        redis.call('HDEL', unused, ARGV[1])
    end
    reply[1] = outcome
    return reply
end

for i = 2, ARGV[4] == '1' and 1 or #reply do
    if reply[i] > 0 then
        return refuse(-1)
    end
end

-- The use that note.lua writes down, as it is now.
local function is_used(side)
    return redis.call('EXISTS', side.keys[9], side.keys[10]) > 0 or redis.call('GET', side.keys[8]) == '0'
end
if ARGV[10] ~= '' then
    local since = unused_since(try('HGET', unused, ARGV[1]), redis.call('GET', queue.keys[COUNTER]))
    if not since or since > now(ARGV[11]) - ARGV[10] or is_used(queue) or (dead and is_used(dead)) then
        return refuse(-3)
    end
end

for _, one in ipairs(sides) do
    move_aside(one.trash, one.number, one.parts)
end
local count, max_bytes = tonumber(ARGV[5]), tonumber(ARGV[6])
if not empty_some(queue.trash, ARGV[3], count, max_bytes) and dead then
    empty_some(dead.trash, ARGV[3], count, max_bytes)
end
if redis.call('EXISTS', queue.trash, dead and dead.trash or queue.trash) > 0 then
    reply[1] = 0
    return reply
end

local is_own = queue.keys[1] == ARGV[3] .. 'queue' -- else it is dead letters, numbered by their queue
local goes_on = is_own and newest and
                (has_one_of(1) or has_one_of(math.max(newest - ENDS + 1, 1)))
for _, one in ipairs(sides) do
    redis.call('UNLINK', unpack(one.keys, 1, COUNTER - 1))
    redis.call('UNLINK', unpack(one.keys, goes_on and COUNTER + 1 or COUNTER, PARTS - 1))
    redis.call('SREM', queues, one.name, one.name .. ':queue')
    publish(one.events, 'remove')
end
if is_own and not goes_on then
    redis.call('UNLINK', foreign)
end
redis.pcall('HDEL', unused, ARGV[1])
redis.call('UNLINK', unpack(KEYS, 4 + 2 * PARTS, 7 + 2 * PARTS))
return reply
