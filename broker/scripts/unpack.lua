-- unpack: messages of a queue that comes from another Redis, where pack.lua told them.
-- KEYS  settings, list, list of the dead letters, delayed, receipts, receipts of the dead letters
-- ARGV  id of the move, message prefix "<queue>:", channel of events, the reply of pack.lua
-- reply how many have come, 0 if they are here already, or -1 if there is no such move
--
-- Messages of the list go behind all others; once the queue is open to all, they are ones whose leases have
-- ended, and are the next ones out.
-- is: writing
local settings, prefix, number, place = KEYS[1], ARGV[2], tonumber(ARGV[4]), ARGV[5]
local row = try('HMGET', settings, 'move_id', 'move_seq', 'move_open')
if row[1] ~= ARGV[1] then
    return -1
elseif tonumber(row[2] or 0) >= number then
    return 0
end
local is_late = row[3] and place == 'list'
local list = place == 'dead' and KEYS[3] or KEYS[2]
local receipts = place == 'dead' and KEYS[6] or KEYS[5]
try('LLEN', list)
try('ZCARD', KEYS[4])
try('HLEN', receipts)

local function take_in(at)
    local key, ttl = prefix .. ARGV[at], tonumber(ARGV[at + 2])
    local written
    if ttl > 0 then
        written = redis.call('SET', key, ARGV[at + 1], 'NX', 'PX', ttl)
    else
        written = redis.call('SET', key, ARGV[at + 1], 'NX')
    end
    if not written then
        return 0 -- it stood twice
    end
    if ARGV[at + 3] ~= '' then
        redis.call('SET', key .. ':refcount', ARGV[at + 3])
        if ttl > 0 then
            redis.call('PEXPIRE', key .. ':refcount', ttl)
        end
    end
    if ARGV[at + 4] ~= '' then
        redis.call('HSET', receipts, key, ARGV[at + 4])
    end
    if place == 'delayed' then
        redis.call('ZADD', KEYS[4], ARGV[at + 5], key)
    else
        redis.call(is_late and 'RPUSH' or 'LPUSH', list, key)
    end
    return 1
end

local first, last, step, count = 7, #ARGV - 5, 6, 0
if is_late then
    first, last, step = last, first, -6
end
for at = first, last, step do
    count = count + take_in(at)
end
redis.call('HSET', settings, 'move_seq', ARGV[4])
publish(ARGV[3], 'ready')
return count
