-- policy: how a queue treats its messages and consumers; changes some of it, or only tells.
-- KEYS  policy, settings
-- ARGV  channel of the queue's events, 1 broadcast, 2 roundrobin or "" to leave it, then name, value, name, value, …: "0" takes a
--       setting away
-- reply the policy or "", an array name, value, … of the settings
-- is: writing
try('STRLEN', KEYS[1])
try('HLEN', KEYS[2])
if ARGV[2] ~= '' then
    redis.call('SET', KEYS[1], ARGV[2])
end
for i = 3, #ARGV, 2 do
    if ARGV[i + 1] == '0' then
        redis.call('HDEL', KEYS[2], ARGV[i])
    else
        redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    end
end
if ARGV[2] ~= '' or #ARGV > 2 then
    publish(ARGV[1], 'policy')
end
return {redis.call('GET', KEYS[1]) or '', redis.call('HGETALL', KEYS[2])}
