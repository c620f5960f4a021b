-- arrived: a queue that has come from another Redis is no longer held, but where it was so there; and once
-- nothing more will come, the move is over here.
-- KEYS  counter; then of the queue: status, settings, stats; then the same of its dead letters (its own
--       again where it cannot have any)
-- ARGV  id of the move; "0", "1" if nothing more will come, or "2" at the source if nothing has gone and
--       nothing will; counter or "", channels of events of both; with "1" then for each side how many
--       words of stats, these
-- reply 1, or 0 if there is no such move any more, or too much of one
-- is: writing
local has_dead = KEYS[5] ~= KEYS[2]
if try('HGET', KEYS[3], 'move_id') ~= ARGV[1] or
   ARGV[2] == '2' and redis.call('HEXISTS', KEYS[3], 'move_seq') == 1 then
    return 0
end
try('HLEN', KEYS[6])
try('HLEN', KEYS[4])
try('HLEN', KEYS[7])

local function open(status, settings, events)
    local was, takes, pushes =
        string.match(redis.call('HGET', settings, 'move_was') or '', '^(.*) (%d) (%d)$')
    if not was then
        return
    end
    if was == '-' then
        redis.call('UNLINK', status)
    else
        redis.call('SET', status, was)
    end
    if takes == '0' then
        redis.call('HDEL', settings, 'held_takes')
    end
    if pushes == '0' then
        redis.call('HDEL', settings, 'held_pushes')
    end
    redis.call('HDEL', settings, 'move_was')
    publish(events, 'control')
end

if tonumber(ARGV[3]) and tonumber(ARGV[3]) > (tonumber(redis.call('GET', KEYS[1]) or 0) or 0) then
    redis.call('SET', KEYS[1], ARGV[3])
end
redis.call('HSET', KEYS[3], 'move_open', 1)
open(KEYS[2], KEYS[3], ARGV[4])
if has_dead then
    open(KEYS[5], KEYS[6], ARGV[5])
end
if ARGV[2] == '1' then
    local at = 6
    for first = 2, has_dead and 5 or 2, 3 do
        local count = tonumber(ARGV[at])
        for i = at + 1, at + count, 2 do
            redis.call('HINCRBY', KEYS[first + 2], ARGV[i], ARGV[i + 1])
        end
        at = at + 1 + count
    end
end
if ARGV[2] ~= '0' then
    redis.call('HDEL', KEYS[3], 'move_id', 'move_seq', 'move_open')
end
return 1
