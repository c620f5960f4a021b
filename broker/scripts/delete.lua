-- delete: one message, wherever it stands in the queue.
-- KEYS  list
-- ARGV  message key, longest list that is searched for the entry
-- reply 1 if there was a body or an entry, else 0
--
-- In a longer list the entry stays behind without its body, and take passes over it.
local list, key = KEYS[1], ARGV[1]
local length = try('LLEN', list)
try('STRLEN', key)
local removed = 0
if length <= tonumber(ARGV[2]) then
    removed = redis.call('LREM', list, -1, key)
end
removed = removed + redis.call('UNLINK', key)
redis.call('UNLINK', key .. ':refcount')
return removed > 0 and 1 or 0
