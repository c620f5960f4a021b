-- peek: the oldest message of a queue, which stays; counts how often that was done.
-- KEYS  as settle
-- ARGV  message prefix "<queue>:", 1 to count this reading or 0, name of the dead letters,
--       channel of events, clock
-- reply 1 if the call should be repeated else 0, key, body, count
-- is: writing
-- needs: bringback due oldest queue reading settings
local list = KEYS[1]
try('HLEN', KEYS[6])
local leases, front
if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then
    local q = queue_of(KEYS, ARGV[3], ARGV[4])
    local time = now(ARGV[5])
    if is_due(q.leases, time) or is_due(q.delayed, time) then
        local settings = read_settings(KEYS[5])
        front = bring_back(q, settings, time) and front_of(q, settings, time, 1, 0)[1]
    end
    leases = q.leases
end

local found, gone, passed, again
if front then -- before the whole list; it stays where it is
    found, gone, passed = {front, try('GET', front)}, {}, 1
else
    found, gone, passed, again = oldest(list, leases, ARGV[1], 1, 0)
end
local key, count = found[1], 0
if key then
    passed = passed - 1 -- the message itself stays
    count = count_reading(key, ARGV[2] == '1')
end
if passed > 0 then
    redis.call('RPOP', list, passed)
    forget_passed(KEYS[6], KEYS[7], gone, passed - #gone)
end
if not key then
    return {again and 1 or 0}
end
return {0, key, found[2], count}
