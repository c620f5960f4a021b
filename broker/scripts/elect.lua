-- elect: one of the helpers does what is to be done once for all of them.
-- KEYS  who it is
-- ARGV  id of the helper that asks, for how many ms from now
-- reply 1 if it is the one, else 0
--
-- The first of the writes is one that a full Redis allows, and then the other: what comes back when
-- leases end must not wait until there is room.
-- is: writing
local chosen = try('GET', KEYS[1])
if chosen == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
elseif chosen then
    return 0
end
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
