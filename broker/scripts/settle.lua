-- settle: ends leases that a helper holds, many of one queue at once.
-- KEYS  as take, then stats, list and status of the dead letters, set of queues, receipts of the
--       dead letters
-- ARGV  name of the dead letters, channel of events, clock, then act, key, token; act, key, token;
--       …  Acts: "a" the message was received and goes, "r" it comes back, "u" it comes back and was
--       never delivered
-- reply of each: 1 done, 2 done and its body is left to the sweeper, 0 the message is gone already,
--       -1 the lease is not in force any more
--
-- Of several that go to the old end the last one is the next one out.
-- A lease that is over, but that nobody has taken up yet, is still the helper's.  Of several acts on
-- one message the last counts.
-- is: writing
-- needs: acked comeback giveback queue receipt settings spare
local q = queue_of(KEYS, ARGV[1], ARGV[2])
local time, settings = now(ARGV[3]), read_settings(KEYS[5])
check_give_back(q, settings)
try('ZCARD', q.leases)

-- The fate of a message that comes back, and after how many ms.
local function outcome_of(act, key, deliveries)
    if act == 'a' then
        return 'acked'
    elseif redis.call('EXISTS', key) == 0 then
        return 'expired'
    elseif act == 'u' then
        return 'old'
    end
    return fate_of(settings, deliveries)
end

-- A helper gives back its latest message first.
local reply, rows, acked, places, seen, left = {}, {}, {}, {}, {}, nil
for i = #ARGV - 2, 4, -3 do
    local act, key, at = ARGV[i], ARGV[i + 1], (i - 1) / 3
    local deliveries, token, why = read_receipt(try('HGET', q.receipts, key))
    if seen[key] or token ~= ARGV[i + 2] or not try('ZSCORE', q.leases, key) then
        reply[at] = seen[key] ~= 'acked' and redis.call('EXISTS', key) == 1 and -1 or 0
    else
        local fate, delay = outcome_of(act, key, deliveries)
        if fate == 'acked' then
            acked[#acked + 1] = key
            places[#acked] = at
        else
            rows[#rows + 1] = {key = key, is_new = act == 'u', deliveries = deliveries, why = why,
                               fate = fate, delay = delay}
        end
        seen[key] = fate
        reply[at] = 1
    end
end

if #acked > 1 then
    left = spare(KEYS[4], acked)
end
if #acked > 0 then
    remove_acked(q.leases, q.receipts, q.stats, acked, left)
end
for i = left and left.first or #acked + 1, #acked do
    reply[places[i]] = 2
end
if #rows > 0 then
    end_leases(q, rows, time)
end
return reply
