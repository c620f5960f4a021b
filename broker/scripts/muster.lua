-- muster: how many helpers are alive, and how many of them have said so since some moment?
-- KEYS  helpers
-- ARGV  helper prefix, for how many ms they say it, that moment in ms, clock
-- reply now in ms, how many are alive, how many have said so since that moment
-- is: reading
local time, alive, heard = now(ARGV[4]), 0, 0
for _, helper in ipairs(try('SMEMBERS', KEYS[1])) do
    local left = redis.call('PTTL', ARGV[1] .. helper)
    if left > 0 then
        alive = alive + 1
        heard = heard + (time + left - ARGV[2] >= tonumber(ARGV[3]) and 1 or 0)
    end
end
return {math.floor(time), alive, heard}
