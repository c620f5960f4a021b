-- look: one message by its key, wherever it stands in the queue; it stays there.
-- KEYS  as delete
-- ARGV  message key, longest list that is searched, clock, 1 to count this reading or 0
-- reply body, count, "ready", "leased" or "delayed", until when in whole ms or 0, deliveries; or 0 if
--       there is none, -2 if nobody can tell whether it is a dead letter
--
-- A lease that is over, and a delayed message that is due, count as ready before they have come back.
-- is: writing
-- needs: deadline receipt find reading
local key, time = ARGV[1], now(ARGV[3])
local is_here, deadline, due = find_message(KEYS, key, tonumber(ARGV[2]))
local deliveries = read_receipt(try('HGET', KEYS[3], key))
local body = is_here and try('GET', key)
if is_here == nil then
    return -2
elseif not body then
    return 0
end
local state, until_ms = 'ready', 0
if deadline and not is_over(deadline, time) then
    state, until_ms = 'leased', math.floor(tonumber(deadline))
elseif due and not is_over(due, time) then
    state, until_ms = 'delayed', math.floor(tonumber(due))
end
return {body, count_reading(key, ARGV[4] == '1'), state, until_ms, deliveries}
