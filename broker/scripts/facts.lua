-- is: part
-- needs: age receipt why
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
-- of its body; what read_why() says; and its age, see age.lua.  The row has what must be known for that; ages is
-- of read_ages().
local function add_facts(reply, row, ages, time)
    local ttl = redis.call('PTTL', row.key)
    local deliveries, _, why = read_receipt(row.receipt)
    local reason, died_deliveries, died_at, died_reason = read_why(why)
    for _, fact in ipairs({row.key, row.state, row.size, deliveries, math.floor(row.until_ms),
                           ttl > 0 and math.floor(time) + ttl or 0, row.beginning, reason, died_deliveries,
                           died_at, died_reason, age_of(ages, tonumber(string.match(row.key, '%d+$')))}) do
        reply[#reply + 1] = fact
    end
end
