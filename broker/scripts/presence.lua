-- is: part
-- The rows of a helper on a topic; they have the topic's hash tag.
local function rows_of(presence, helper)
    return presence .. ':' .. helper
end

-- Helpers, each with how many rows it has on a topic: helper, count, helper, count, …
local function counts_of(presence)
    local counts = {}
    for _, helper in ipairs(try('SMEMBERS', presence)) do
        counts[#counts + 1] = helper
        counts[#counts + 1] = try('HLEN', rows_of(presence, helper))
    end
    return counts
end
