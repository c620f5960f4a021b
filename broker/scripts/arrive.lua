-- arrive: a queue comes from another Redis; it is held until its messages are here.
-- KEYS  names of the queue, counter; then of the queue: list, leases, delayed, status, settings, policy;
--       then the same of its dead letters (its own again where it cannot have any)
-- ARGV  id of the move, counter or "", queue, dead letters or "" if they are not listed; then for each
--       side what was held, and its policy, as depart.lua replies them, how many words of settings, these
-- reply 1, or 0 if there is such a queue already, which did not come with this move
-- is: writing
local SIDE = 6
local has_dead = KEYS[3 + SIDE] ~= KEYS[3]
local id = try('HGET', KEYS[7], 'move_id')

if id then
    return id == ARGV[1] and 1 or 0
elseif redis.call('EXISTS', unpack(KEYS, 2)) > 0 then
    return 0
end
local at = 5
for first = 3, has_dead and 3 + SIDE or 3, SIDE do
    local was, policy, count, is_own = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), first == 3
    local status, settings = KEYS[first + 3], KEYS[first + 4]
    if is_own or was ~= '- 0 0' or ARGV[4] ~= '' then
        redis.call('HSET', settings, 'move_was', was, 'held_takes', 1)
        redis.call('SET', status, '0')
    end
    if count > 0 then
        redis.call('HSET', settings, unpack(ARGV, at + 3, at + 2 + count))
    end
    if policy ~= '' then
        redis.call('SET', KEYS[first + 5], policy)
    end
    at = at + 3 + count
end
redis.call('HSET', KEYS[7], 'move_id', ARGV[1], 'held_pushes', 1)
if ARGV[2] ~= '' then
    redis.call('SET', KEYS[2], ARGV[2])
end
redis.call('SADD', KEYS[1], ARGV[3])
if ARGV[4] ~= '' then
    redis.call('SADD', KEYS[1], ARGV[4])
end
return 1
