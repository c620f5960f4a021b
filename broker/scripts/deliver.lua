-- deliver: up to count messages from the old end of a queue for those who wait at a helper; each is
-- leased to the helper.  For a broadcast they are published to all helpers, else they are the reply.
-- KEYS  as take, then stats, list and status of the dead letters, set of all queues, receipts of the
--       dead letters, status, policy
-- ARGV  message prefix "<queue>:", count, lease in ms that the waiting client asks for, 0 for none,
--       "" for what the settings say, lease of the helper's own in ms where that is none, token, most
--       bytes of bodies, "1" or "2": the policy that the caller goes by, "" for any policy and a
--       stopped queue too, channel of broadcasts, name of the dead letters, channel of events, clock
-- reply "0" for a stopped queue, else the policy in force; 1 if there is something to sweep else 0;
--       1 if the call should be repeated else 0; end of the leases that the client asked for in ms or
--       0; how many messages; and, unless they were published, key, body, deliveries of each
--
-- Each lease's token is the given one and ".<position>", or "-<position>" where the client asked for the
-- lease, see holder.lua.  What is published is "<key> <token> <body>".
-- uses: entry oldest deadline receipt settings due
local q = {list = KEYS[1], leases = KEYS[2], delayed = KEYS[3], receipts = KEYS[6],
           stats = KEYS[7], dead = KEYS[8], dead_status = KEYS[9], queues = KEYS[10],
           dead_receipts = KEYS[11], dead_name = ARGV[9], events = ARGV[10]}
local policy = try('GET', KEYS[13]) == '2' and '2' or '1'
local trash = redis.call('EXISTS', KEYS[4])
if ARGV[7] ~= '' then
    if try('GET', KEYS[12]) == '0' then
        return {'0', trash, 0, 0, 0}
    elseif policy ~= ARGV[7] then
        return {policy, trash, 0, 0, 0}
    end
end
local settings = (ARGV[7] == '' or ARGV[3] == '') and read_settings(KEYS[5])
if ARGV[7] == '' and settings.is_held then
    return {policy, trash, 0, 0, 0}
end
local time, count, max_bytes = now(ARGV[11]), tonumber(ARGV[2]), tonumber(ARGV[6])
if is_due(q.leases, time) or is_due(q.delayed, time) then
-- uses: giveback bringback
    count = bring_for(q, settings or read_settings(KEYS[5]), time, count, max_bytes)
    trash = (trash == 1 or is_due(q.leases, time) or is_due(q.delayed, time)) and 1 or 0
end

local asked = tonumber(ARGV[3]) or settings.lease
local lease = asked > 0 and asked or tonumber(ARGV[4])
local found, gone, passed, again = oldest(q.list, q.leases, ARGV[1], count, max_bytes)
local lease_until = asked > 0 and math.floor(time) + lease or 0
local reply = {policy, again and 1 or trash, again and 1 or 0, lease_until, #found / 2}
if passed == 0 then
    return reply
end
local keys = {}
for i = 1, #found, 2 do
    keys[#keys + 1] = found[i]
end
local known = #keys > 0 and try('HMGET', q.receipts, unpack(keys)) or {try('HLEN', q.receipts)}

redis.call('RPOP', q.list, passed)
-- uses: lease
local token, mark = ARGV[5], asked > 0 and '-' or '.'
local deliveries = lease_all(q.leases, q.receipts, keys, known, time + lease, token, mark)
for i, key in ipairs(keys) do
    local body = found[2 * i]
    if ARGV[7] == '1' then
        redis.pcall('PUBLISH', ARGV[8], key .. ' ' .. token .. mark .. i .. ' ' .. body)
    else
        reply[#reply + 1] = key
        reply[#reply + 1] = body
        reply[#reply + 1] = deliveries[i]
    end
end
forget_passed(q.receipts, q.stats, gone, passed - #keys - #gone)
return reply
