-- sample: writes down the numbers of some queues, each at most once in ten seconds, whoever does it.
-- KEYS  of each queue: sampled, history; sampled of the queue whose numbers its messages have
-- ARGV  of each queue a line of numbers: when it was looked at in ms; counter, taken, acked, leased,
--       passed over, returned, delayed, dead, dead ever; when somebody had looked before in ms, or 0, and
--       the counter then; number of the message at the old end or 0
-- reply of each a line: 1 if its numbers stand there now else 0, bytes that its keys take, about, when the
--       message at the old end was pushed in seconds or 0, 1 if then or earlier else 0, and when the last
--       sample was taken in ms
--
-- Of sampled, "last" is the last sample and "past" the last one that stands among those of every five
-- minutes; "ages" are the rows of the part age.  Of history, "a<n>" has the samples of ten minutes, and
-- "b<n>" those of a day with the last one of every five minutes.  Such a chunk is rows, each: a byte of
-- bits; with bit 1 the number of its slot in the chunk, else it is the one behind that of the row before;
-- and what has changed of the columns, by the bits 2 to 64, and 128 for the last three together, as the
-- difference from the row before; of the first three, which grow, from how much they grew before.
-- Before the first row all is 0.  broker/history.c reads them.
-- Takes many queues in one call; with hash tags it takes one.
-- is: writing
-- needs: age
local COLUMNS, GROWING, PLAIN = 9, 3, 6
local FINE = {name = 'a', seconds = 10, slots = 60, chunks = 7}
local COARSE = {name = 'b', seconds = 300, slots = 288, chunks = 9}
local MOST_BYTES, MOST_AGES, DAY_MS, AROUND = 20480, 128, 86400000, 700

-- --- rows --------------------------------------------------------------------------------------------

local function add_number(bytes, number)
    while number >= 128 do
        bytes[#bytes + 1] = string.char(128 + number % 128)
        number = math.floor(number / 128)
    end
    bytes[#bytes + 1] = string.char(number)
end

local function add_difference(bytes, number)
    add_number(bytes, number >= 0 and 2 * number or -2 * number - 1)
end

-- A sample: when, slots of ten seconds, columns, how much the growing ones grew; as text or nil.
local function read_sample(text)
    local words = {}
    for word in string.gmatch(text or '', '%S+') do
        words[#words + 1] = tonumber(word)
    end
    return #words == 2 + COLUMNS + GROWING and
           {time = words[1], slot = words[2], row = {unpack(words, 3, 2 + COLUMNS)},
            growth = {unpack(words, 3 + COLUMNS)}} or nil
end

local function sample_text(sample)
    local words = {}
    for i, word in ipairs({sample.time, sample.slot, unpack(sample.row)}) do
        words[i] = string.format('%.0f', word)
    end
    for i = 1, GROWING do
        words[#words + 1] = string.format('%.0f', sample.growth[i])
    end
    return table.concat(words, ' ')
end

-- Adds a sample to its chunk; before is the one that was added last, or nil.  Returns whether the chunk
-- is new.
local function add_row(history, kind, sample, before)
    local slot = math.floor(sample.slot * FINE.seconds / kind.seconds)
    local number, place = math.floor(slot / kind.slots), slot % kind.slots
    local field = kind.name .. string.format('%.0f', number)
    local chunk = redis.call('HGET', history, field)
    local old = chunk and before or {slot = -1, row = {0, 0, 0, 0, 0, 0, 0, 0, 0}, growth = {0, 0, 0}}
    local is_next = chunk and math.floor(old.slot * FINE.seconds / kind.seconds) + 1 == slot
    local bits, bytes = is_next and 0 or 1, {''}
    if not is_next then
        add_number(bytes, place)
    end
    for i = 1, COLUMNS do
        local difference = sample.row[i] - old.row[i]
        if i <= GROWING then
            sample.growth[i] = difference
            difference = difference - old.growth[i]
        end
        local has_bit = i <= PLAIN
        if has_bit and difference ~= 0 then
            bits = bits + 2 ^ i
            add_difference(bytes, difference)
        elseif not has_bit and (sample.row[7] ~= old.row[7] or sample.row[8] ~= old.row[8] or
                                sample.row[9] ~= old.row[9]) then
            bits = bits + (i == COLUMNS and 128 or 0)
            add_difference(bytes, difference)
        end
    end
    bytes[1] = string.char(bits)
    redis.call('HSET', history, field, (chunk or '') .. table.concat(bytes))
    return not chunk, #table.concat(bytes)
end

-- Drops what is too old, and the oldest days of what is too much; returns how many bytes are left.
local function tidy(history, slot)
    local chunks, bytes, gone = {}, 0, {}
    local all = redis.call('HGETALL', history)
    for i = 1, #all, 2 do
        local field, size = all[i], #all[i + 1]
        local name, number = string.match(field, '^([ab])(%d+)$')
        local kind = name == 'a' and FINE or COARSE
        local newest = math.floor(slot * FINE.seconds / kind.seconds / kind.slots)
        number = tonumber(number)
        if not name or number <= newest - kind.chunks or number > newest + 1 then
            gone[#gone + 1] = field
        else
            chunks[#chunks + 1] = {field = field, size = size,
                                   order = number * kind.slots * kind.seconds}
            bytes = bytes + size
        end
    end
    table.sort(chunks, function(one, other) return one.order < other.order end)
    for i = 1, #chunks - 1 do
        if bytes <= MOST_BYTES then
            break
        end
        gone[#gone + 1] = chunks[i].field
        bytes = bytes - chunks[i].size
    end
    if #gone > 0 then
        redis.call('HDEL', history, unpack(gone))
    end
    return bytes
end

-- --- ages --------------------------------------------------------------------------------------------

-- Leaves fewer rows: the older they are, the farther apart.  A row that goes is one with that behind it.
local function thin(rows, seconds)
    local share = 16
    while #rows > MOST_AGES * 3 / 4 do
        local kept = {}
        for i, row in ipairs(rows) do
            local behind = rows[i + 1]
            if behind and (row[1] > 0 or share < 1) and
               behind[2] - row[1] <= (seconds - behind[2]) / share then
                behind[1] = row[1]
            else
                kept[#kept + 1] = row
            end
        end
        rows, share = kept, share / 2
    end
    return rows
end

local function thin_text(text, seconds)
    local rows, out = {}, {}
    for i = 1, #text / AGE_SIZE do
        rows[i] = {age_row(text, i)}
    end
    for i, row in ipairs(thin(rows, seconds)) do
        out[i] = struct.pack(AGE_FORMAT, row[1], row[2], row[3])
    end
    return table.concat(out)
end

-- The rows with the counter as it is at that time; before is when it was looked at before, or 0, and
-- what it was then.
local function add_age(text, time, counter, before, counter_before)
    local function pack(since, till, number)
        text = text .. struct.pack(AGE_FORMAT, math.floor(since / 1000), math.ceil(till / 1000), number)
    end
    local highest = 0
    if #text > 0 then
        highest = select(3, age_row(text, #text / AGE_SIZE))
    end
    if counter < highest then
        text, highest, before = '', 0, 0
    end
    if text == '' and before > 0 and counter_before > 0 and counter_before <= counter then
        pack(0, before, counter_before)
        highest = counter_before
    end
    if counter > highest then
        pack((text == '' and before > 0 and counter_before > 0) and 0 or before, time, counter)
    end
    return #text > MOST_AGES * AGE_SIZE and thin_text(text, time / 1000) or text
end

-- --- a queue -----------------------------------------------------------------------------------------

local function is_same(one, other)
    for i = 1, COLUMNS do
        if one[i] ~= other[i] then
            return false
        end
    end
    return true
end

-- When somebody had looked before, if that fits to what is noted.
local function looked_before(last, before, counter_before)
    if not last then
        return before, counter_before
    elseif before > 0 and counter_before == last.row[1] then
        return math.max(before, last.time), counter_before
    end
    return last.time, last.row[1]
end

-- Writes the sample unless there is one of that time; returns whether it is there now, and bytes.
local function write(sampled, history, sample, before, counter_before)
    local stored = try('HMGET', sampled, 'last', 'past', 'ages', 'bytes')
    local last, past, ages = read_sample(stored[1]), read_sample(stored[2]), stored[3] or ''
    local bytes = tonumber(stored[4] or 0) or 0
    if #ages % AGE_SIZE ~= 0 then
        ages = ''
    end
    if last and last.time > sample.time + 60000 then -- the clock was set back
        try('HLEN', history)
        redis.call('HSET', sampled, 'bytes', 0)
        redis.call('UNLINK', history)
        last, past, ages, bytes = nil, nil, '', 0
    end
    if last and is_same(last.row, sample.row) then
        bytes = redis.call('EXISTS', history) == 1 and bytes or 0
        return 1, bytes + #ages + AROUND, last.time
    elseif last and sample.time < last.time + 5000 then
        return 0, bytes + #ages + AROUND, last.time
    end
    local slot = math.floor(sample.time / 1000 / FINE.seconds)
    sample.slot = math.max(slot, last and last.slot + 1 or 0)
    if sample.slot > slot + 1 then
        return 0, bytes + #ages + AROUND, last.time
    end
    if try('HLEN', history) > 0 and not last then -- nobody knows how its rows end
        redis.call('UNLINK', history)
    end
    ages = add_age(ages, sample.time, sample.row[1], looked_before(last, before, counter_before))
    local ratio = COARSE.seconds / FINE.seconds
    local fields = {'ages', ages}
    if last and math.floor(last.slot / ratio) < math.floor(sample.slot / ratio) then
        local copy = {time = last.time, slot = last.slot, row = last.row, growth = {}}
        local _, more = add_row(history, COARSE, copy, past)
        bytes = bytes + more
        fields[#fields + 1] = 'past'
        fields[#fields + 1] = sample_text(copy)
    end
    local is_new, more = add_row(history, FINE, sample, last)
    bytes = bytes + more
    if is_new or bytes > MOST_BYTES then
        bytes = tidy(history, sample.slot)
        redis.call('PEXPIRE', history, 9 * DAY_MS)
    end
    redis.call('HSET', sampled, 'last', sample_text(sample), 'bytes', bytes, unpack(fields))
    return 1, bytes + #ages + AROUND, sample.time
end

local reply = {}
for i = 1, #ARGV do
    local sampled, words = KEYS[3 * i - 2], {}
    for word in string.gmatch(ARGV[i], '%S+') do
        words[#words + 1] = tonumber(word)
    end
    local sample = {time = words[1], row = {unpack(words, 2, 1 + COLUMNS)}, growth = {}}
    local is_whole, is_there, bytes, time =
        pcall(write, sampled, KEYS[3 * i - 1], sample, words[11], words[12])
    if not is_whole then
        if string.find(type(is_there) == 'table' and is_there.err or is_there, '^NOPERM') then
            error(is_there)
        end
        is_there, bytes, time = 0, 0, 0 -- a key of a wrong type, or Redis is full: the others must not suffer
    end
    local ages = words[13] > 0 and read_ages(KEYS[3 * i], nil, words[1])
    local moment, is_bound
    if ages then
        moment, is_bound = pushed_at(ages, words[13])
    end
    reply[i] = string.format('%d %.0f %.0f %d %.0f', is_there, bytes, moment or 0,
                             is_bound and 1 or 0, time)
end
return reply
