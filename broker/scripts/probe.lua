-- probe: would Redis refuse a push?
-- KEYS  set of all queues
-- reply OK, or what Redis would answer a push with
--
-- Redis looks at its memory, replicas, disk and the user's rights before it looks at the key: so it is
-- asked for a push's own commands where they come to nothing.
-- is: reading
local set = KEYS[1]

local function ask(command, ...)
    local reply = redis.pcall(command, set, ...)
    local refusal = type(reply) == 'table' and reply.err
    if not refusal or string.find(refusal, '^WRONGTYPE') then
        return
    elseif string.find(refusal, '^ERR The user executing') then
        error({err = 'NOPERM ' .. command})
    end
    error(reply)
end

if try('SCARD', set) > 0 then
    ask('LPUSH', '') -- a set is none of a list, a number and a string
    ask('INCR')
    ask('SETNX', '')
    local queue = redis.pcall('SRANDMEMBER', set)
    if type(queue) == 'string' then
        ask('SADD', queue)
    end
else
    local reply = redis.pcall('LPUSHX', set, '') -- which makes no list
    if type(reply) == 'table' and not string.find(reply.err, '^ERR The user executing') then
        error(reply)
    end
end
return redis.status_reply('OK')
