-- beat: a helper is alive.
-- KEYS  helper, helpers
-- ARGV  its id, for how many ms from now
-- reply 1 if it was alive before, else 0: its rows may be gone
--
-- Living longer costs no memory, so that a full Redis does not declare its helpers dead.
-- is: writing
try('SCARD', KEYS[2])
if redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 1 then
    return 1
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
return 0
