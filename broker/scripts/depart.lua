-- depart: a queue is about to move to another Redis: from now on its streams, takes and pushes are held.
-- Tells what it has beside messages, each time.
-- KEYS  counter, remembers; then of the queue: status, settings, policy, stats; then the same of its
--       dead letters (its own again where it cannot have any)
-- ARGV  id for this move, unless it has begun; channels of events of both
-- reply id, 1 if all has moved else 0, counter or "", since when it remembers pushes or "", for how many
--       ms; then for the queue and for its dead letters: "<status or -> <1 if takes were held else 0>
--       <1 if pushes were>", policy or "", settings: name, value, …; stats: name, value, …
--
-- How far the move is stands in the settings, in fields that begin with "move_": these go with the queue.
-- is: writing
local function check(first)
    try('STRLEN', KEYS[first])
    try('HLEN', KEYS[first + 1])
    try('STRLEN', KEYS[first + 2])
    try('HLEN', KEYS[first + 3])
end

local function hold(status, settings, events)
    if redis.call('HEXISTS', settings, 'move_was') == 0 then
        redis.call('HSET', settings, 'move_was',
                   (redis.call('GET', status) or '-') .. ' ' ..
                   redis.call('HEXISTS', settings, 'held_takes') .. ' ' ..
                   redis.call('HEXISTS', settings, 'held_pushes'))
    end
    redis.call('HSET', settings, 'held_takes', 1, 'held_pushes', 1)
    redis.call('SET', status, '0')
    publish(events, 'control')
end

local function settings_of(key)
    local all, rows = redis.call('HGETALL', key), {}
    for i = 1, #all, 2 do
        if not string.find(all[i], '^move_') and not string.find(all[i], '^held_') then
            rows[#rows + 1] = all[i]
            rows[#rows + 1] = all[i + 1]
        end
    end
    return rows
end

local has_dead = KEYS[7] ~= KEYS[3]
check(3)
check(7)
try('STRLEN', KEYS[1])
try('STRLEN', KEYS[2])
hold(KEYS[3], KEYS[4], ARGV[2])
if has_dead then
    hold(KEYS[7], KEYS[8], ARGV[3])
end
if redis.call('HEXISTS', KEYS[4], 'move_id') == 0 then
    redis.call('HSET', KEYS[4], 'move_id', ARGV[1])
end

local reply = {redis.call('HGET', KEYS[4], 'move_id'), redis.call('HEXISTS', KEYS[4], 'move_done'),
               redis.call('GET', KEYS[1]) or '', redis.call('GET', KEYS[2]) or '',
               redis.call('PTTL', KEYS[2])}
for first = 3, has_dead and 7 or 3, 4 do
    reply[#reply + 1] = redis.call('HGET', KEYS[first + 1], 'move_was')
    reply[#reply + 1] = redis.call('GET', KEYS[first + 2]) or ''
    reply[#reply + 1] = settings_of(KEYS[first + 1])
    reply[#reply + 1] = redis.call('HGETALL', KEYS[first + 3])
end
return reply
