-- purge: empties a queue at once by moving its parts aside; sweep removes the bodies.
-- KEYS  list, leases, delayed, receipts, trash, stats
-- ARGV  channel of the queue's events
-- reply number of entries that were ready, leased or delayed
-- is: writing
-- needs: trash
local parts, total = parts_of(KEYS[1], KEYS[2], KEYS[3])
local number = newest_number_of(KEYS[5])
try('HLEN', KEYS[4])
move_aside(KEYS[5], number, parts)
if total > 0 then
    redis.call('UNLINK', KEYS[4])
    redis.pcall('HINCRBY', KEYS[6], 'purged', total)
end
publish(ARGV[1], 'purge')
return total
