-- is: part
-- Names of keys that only a script can know: those of the helpers that it finds on a topic, or of the
-- topics that it finds at a helper.  They cross topics, so these scripts are not for a cluster.

-- The key or channel of a topic, out of that of the topic "*", which cannot be a topic's name.
local function presence_of(pattern, topic)
    local at = string.find(pattern, '*', 1, true)
    return string.sub(pattern, 1, at - 1) .. topic .. string.sub(pattern, at + 1)
end

local function rows_of(presence, helper)
    return presence .. ':' .. helper
end

-- A function that tells whether a helper is alive; it asks Redis only once for each.
local function living(prefix)
    local known = {}
    return function(helper)
        if known[helper] == nil then
            known[helper] = redis.call('EXISTS', prefix .. helper) == 1
        end
        return known[helper]
    end
end

-- How many a topic has at living helpers, and whether there are dead ones.
local function count_present(presence, is_alive)
    local count, has_dead = 0, false
    for _, helper in ipairs(try('SMEMBERS', presence)) do
        if is_alive(helper) then
            count = count + try('HLEN', rows_of(presence, helper))
        else
            has_dead = true
        end
    end
    return count, has_dead
end
