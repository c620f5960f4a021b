-- is: part
-- needs: receipt
-- Bytes of a message's body; nil: there is none.
local function size_of(key)
    local size = redis.pcall('STRLEN', key)
    if type(size) ~= 'number' or size == 0 and redis.call('EXISTS', key) == 0 then
        return nil
    end
    return size
end

-- Adds to the reply what is told of a message: its key; where it stands; bytes of its body; how often it was
-- delivered; until when it is leased or delayed in ms, or 0; when its ttl is over in ms, or 0; the beginning
-- of its body.
local function add_facts(reply, receipts, key, state, size, until_ms, time, beginning)
    local ttl = redis.call('PTTL', key)
    local deliveries = read_receipt(try('HGET', receipts, key))
    for _, fact in ipairs({key, state, size, deliveries, math.floor(until_ms),
                           ttl > 0 and math.floor(time) + ttl or 0, beginning}) do
        reply[#reply + 1] = fact
    end
end
