-- is: part
-- needs: entry
-- The numbers of a push, where those behind the counter may not do: the counter is new, or behind
-- the queue's own messages, or another program has a key there.  q has list, counter, leases, delayed
-- and prefix of the queue.  Names of other keys are made of these: a word more would cost every push
-- about a hundredth.
local PASSES, NEWEST, EXACT = 8, 1000, 2 ^ 53

-- The keys of these numbers.  Lua by itself would write a large number with an exponent.
local function keys_of(prefix, first, count)
    local keys = {}
    for i = 1, count do
        keys[i] = prefix .. string.format('%.0f', first + i - 1)
    end
    return keys
end

local function count_taken(keys)
    local taken = 0
    for i = 1, #keys, 500 do
        taken = taken + redis.call('EXISTS', unpack(keys, i, math.min(i + 499, #keys)))
    end
    return taken
end

-- The highest number among the newest entries of the queue and of its dead letters.
local function newest_number(q)
    local highest = 0
    local function look(entries)
        for _, entry in ipairs(entries) do
            local number = is_message(entry, q.prefix) and
                           tonumber(string.sub(entry, #q.prefix + 1))
            highest = number and number < EXACT and math.max(highest, number) or highest
        end
    end
    look(try('LRANGE', q.list, 0, NEWEST - 1))
    look(try('LRANGE', string.gsub(q.list, ':queue$', '.dead:queue'), 0, NEWEST - 1))
    for _, set in ipairs({q.leases, q.delayed}) do
        look(try('ZRANGE', set, -NEWEST, -1))
        look(try('ZRANGE', string.gsub(set, '}:', '}.dead:'), -NEWEST, -1))
    end
    return highest
end

-- The value of a counter that another program may have written; 0 where there is none.
local function known_number(counter, text)
    if text and not string.find(text, '^%d+$') then
        error({err = 'DAMAGED ' .. counter})
    end
    return tonumber(text or 0)
end

-- The first of count numbers in a row that have no key, behind the counter's last one and behind
-- the queue's own messages; and the keys that were passed over, which are not the queue's.
local function free_numbers(q, last, count)
    local first, passed = math.max(last, newest_number(q)) + 1, {}
    for pass = 0, PASSES do
        if first > EXACT - count then
            error({err = 'DAMAGED ' .. q.counter})
        end
        local keys, before = keys_of(q.prefix, first, count), first - 1
        if count_taken(keys) == 0 then
            break
        end
        for i, key in ipairs(keys) do
            if redis.call('EXISTS', key) == 1 then
                if pass == PASSES then
                    error({err = 'DAMAGED ' .. key})
                end
                passed[#passed + 1], first = key, before + i + 1
            end
        end
    end
    return first, passed
end
