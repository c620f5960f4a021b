-- beat: a helper is alive.
-- KEYS  helpers
-- ARGV  its id, for how many ms from now, "1" if it has not been told yet that it is alive, clock
-- reply 1 it is alive; 0 it was not any more, and stays dead: its rows may be gone
--
-- Living longer costs no memory, so that a full Redis does not declare its helpers dead: the first of the
-- writes is one that it allows.
-- is: writing
-- needs: alive
local time = now(ARGV[4])
local last = try('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] ~= '1' then
    if not (last and is_recent(last, time, ARGV[2])) then
        return 0
    end
    redis.call('ZREM', KEYS[1], '')
end
redis.call('ZADD', KEYS[1], math.floor(time), ARGV[1])
return 1
