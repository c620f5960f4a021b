-- release: leases in force end, and the messages come back.
-- KEYS  as settle
-- ARGV  delay in ms or "", reason or "", name of the dead letters, channel of events, clock, then key, token;
--       key, token; …
-- reply of each: 1, or -1 if the token is not that of a lease in force, or was used just before
--
-- Of several that go to the old end the first one is the next one out.
-- is: writing
-- needs: claims comeback giveback holder queue receipt settings why
local q, reason = queue_of(KEYS, ARGV[3], ARGV[4]), ARGV[2]
local time = now(ARGV[5])
local keys, held, known = read_claims(ARGV, q.leases, q.receipts, 6, #ARGV, time)
local firsts, reply = first_claims(keys, held)
if #firsts == 0 then
    return reply
end
local settings, rows = read_settings(KEYS[5]), {}
check_give_back(q, settings)
for i, at in ipairs(firsts) do
    local row = {key = keys[at], deliveries = held[at], reason = reason, fate = 'expired'}
    row.why = with_reason(select(3, read_receipt(known[at])), reason)
    if redis.call('EXISTS', row.key) == 1 then
        row.fate, row.delay = fate_of(settings, row.deliveries, tonumber(ARGV[1]))
    end
    rows[i] = row
end
end_leases(q, rows, time)
for _, at in ipairs(firsts) do
    tell_holder(q.leases, keys[at], ARGV[5 + 2 * at])
end
return reply
