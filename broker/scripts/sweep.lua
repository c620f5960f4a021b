-- sweep: a step of what a queue has to tidy up: bodies of purged messages are removed, or what is due
-- comes back, or entries at the old end that have no message any more are passed over.
-- KEYS  as settle
-- ARGV  message prefix "<queue>:", most bodies, most bytes of bodies (one may be over it), "1" for
--       nothing but purged bodies, name of the dead letters, channel of events, clock
-- reply 1 if more is left, else 0
-- is: writing
-- needs: bringback due emptying oldest queue settings
local list, leases, delayed, trash, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1]
local count, max_bytes, is_all, time = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] ~= '1', now(ARGV[7])

local function has_due()
    return is_all and (is_due(leases, time) or is_due(delayed, time))
end

if empty_some(trash, prefix, count, max_bytes) then
    return (redis.call('EXISTS', trash) == 1 or has_due()) and 1 or 0
elseif has_due() then
    local q = queue_of(KEYS, ARGV[5], ARGV[6])
    q.most = 50
    bring_back(q, read_settings(KEYS[5]), time)
    return has_due() and 1 or 0
elseif is_all then
    local found, gone, passed, again = oldest(list, leases, prefix, 1, 0)
    passed = passed - #found / 2
    if passed > 0 then
        try('HLEN', KEYS[6])
        redis.call('RPOP', list, passed)
        forget_passed(KEYS[6], KEYS[7], gone, passed - #gone)
    end
    return again and 1 or 0
end
return 0
