-- inspect: what is known of one message, wherever it stands in the queue; it stays as it is.
-- KEYS  as delete, and sampled of the queue whose numbers its messages have
-- ARGV  message key, longest list that is searched, clock, bytes of its body to tell
-- reply the time in ms, and what facts.lua says of the message; or 0 if there is none, -2 if nobody can tell
--       whether it is a dead letter
-- is: reading
-- needs: age deadline facts find
local key, time, cut = ARGV[1], now(ARGV[3]), tonumber(ARGV[4])
local is_here, deadline, due = find_message(KEYS, key, tonumber(ARGV[2]))
local size = is_here and size_of(key)
if is_here == nil then
    return -2
elseif not size then
    return 0
end
local state, until_ms = 'ready', 0
if deadline and not is_over(deadline, time) then
    state, until_ms = 'leased', tonumber(deadline)
elseif due and not is_over(due, time) then
    state, until_ms = 'delayed', tonumber(due)
end
local reply = {math.floor(time)}
local row = {key = key, state = state, size = size, until_ms = until_ms, receipt = try('HGET', KEYS[3], key),
             beginning = cut > 0 and redis.call('GETRANGE', key, 0, cut - 1) or ''}
add_facts(reply, row, read_ages(KEYS[11], redis.call('GET', KEYS[9]) or 0, time), time)
return reply
