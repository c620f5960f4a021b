-- is: part
-- needs: deadline receipt
-- The claims among these arguments between two places: key, token; key, token; …  Returns the keys; of each
-- how often it was delivered, or false if the token is not that of a lease in force; and the receipts.
local function read_claims(arguments, leases, receipts, first, last, time)
    local keys, held = {}, {}
    for i = first, last, 2 do
        keys[#keys + 1] = arguments[i]
    end
    local deadlines = try('ZMSCORE', leases, unpack(keys))
    local known = try('HMGET', receipts, unpack(keys))
    for i, deadline in ipairs(deadlines) do
        local deliveries, token = read_receipt(known[i])
        held[i] = deadline and not is_over(deadline, time) and
                  token == arguments[first + 2 * i - 1] and deliveries
    end
    return keys, held, known
end

-- What ends each of these leases, once: the positions of those in force, of several claims on one
-- message the first; and the reply of each, 1 or -1.
local function first_claims(keys, held)
    local firsts, reply, seen = {}, {}, {}
    for i, key in ipairs(keys) do
        reply[i] = -1
        if held[i] and not seen[key] then
            seen[key], reply[i] = true, 1
            firsts[#firsts + 1] = i
        end
    end
    return firsts, reply
end
