-- gauge: the numbers of some queues, for whoever takes samples of them.
-- KEYS  of each queue: list, counter, status, policy, leases, delayed, stats, settings, trash, presence of
--       the topic of its name, list, leases and delayed of its dead letters (its own where it cannot have
--       any)
-- ARGV  clock
-- reply the time in whole ms, then a line for each queue: how many are ready, counter, number of the
--       message at the old end or 0, bits; and where there is anything else: leased, delayed, dead,
--       consumers, acked, returned, expired, dead ever, purged; of the bits 1 is stopped, 2 roundrobin,
--       4 takes are held, 8 pushes are, 16 full, 32 something is due, or trash
--
-- Takes many queues in one call; with hash tags it takes one.
-- A key of a wrong type is named by the calls for its own queue; the others must not suffer.
-- is: reading
-- needs: deadline
local PARTS = 13
local time = now(ARGV[1])
local limit, reply = until_now(time), {string.format('%.0f', math.floor(time))}

local function count(command, key, ...)
    local number = redis.pcall(command, key, ...)
    return type(number) == 'number' and number or 0
end

local function fields(key, ...)
    local row = redis.pcall('HMGET', key, ...)
    return row.err and {} or row
end

local function digits(text)
    return text and string.match(text, '^%d+$') or '0'
end

-- The numbers of a queue beside its list and counter.
local function rest_of(i, ready, bits)
    local leased, delayed = count('ZCARD', KEYS[i + 4]), count('ZCARD', KEYS[i + 5])
    local over = leased > 0 and count('ZCOUNT', KEYS[i + 4], '-inf', limit) or 0
    local due = delayed > 0 and count('ZCOUNT', KEYS[i + 5], '-inf', limit) or 0
    local dead, consumers = 0, 0
    if KEYS[i + 10] ~= KEYS[i] then
        dead = count('LLEN', KEYS[i + 10]) + count('ZCARD', KEYS[i + 11]) + count('ZCARD', KEYS[i + 12])
    end
    local helpers = redis.pcall('SMEMBERS', KEYS[i + 9])
    for _, helper in ipairs(helpers.err and {} or helpers) do
        consumers = consumers + count('HLEN', KEYS[i + 9] .. ':' .. helper)
    end
    local settings = fields(KEYS[i + 7], 'held_takes', 'held_pushes', 'max_length')
    local most = tonumber(digits(settings[3]))
    if settings[1] then bits = bits + 4 end
    if settings[2] then bits = bits + 8 end
    if most > 0 and ready + leased + delayed >= most then bits = bits + 16 end
    if over + due > 0 or redis.call('EXISTS', KEYS[i + 8]) == 1 then bits = bits + 32 end
    local stats = fields(KEYS[i + 6], 'acked', 'returned', 'expired', 'dead', 'purged')
    for j = 1, 5 do
        stats[j] = digits(stats[j])
    end
    return ready + over + due, bits, table.concat({leased - over, delayed - due, dead, consumers,
                                                   unpack(stats, 1, 5)}, ' ')
end

for i = 1, #KEYS - PARTS + 1, PARTS do
    local ready, first, rest = count('LLEN', KEYS[i]), '0', ''
    local words = redis.call('MGET', KEYS[i + 1], KEYS[i + 2], KEYS[i + 3])
    local bits = (words[2] == '0' and 1 or 0) + (words[3] == '2' and 2 or 0)
    if ready > 0 then
        first = string.match(redis.call('LINDEX', KEYS[i], -1), ':(%d+)$') or '0'
    end
    -- Of dead letters the list stands there twice.
    local known = ready > 0 and KEYS[i + 10] == KEYS[i] and 1 or 0
    if redis.call('EXISTS', unpack(KEYS, i + 4, i + PARTS - 1)) > known then
        ready, bits, rest = rest_of(i, ready, bits)
    end
    reply[#reply + 1] = string.format('%.0f %s %s %d %s', ready, digits(words[1]), first, bits, rest)
end
return reply
