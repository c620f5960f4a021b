-- is: part
-- The parts of an argument that holds several, one a line.  What a script seldom needs comes that
-- way, names of keys too: every word of a call costs Redis and us about a tenth of a microsecond,
-- and push and take are all that most queues ever see.
local function lines(text)
    local parts = {}
    for part in string.gmatch(text .. '\n', '(.-)\n') do
        parts[#parts + 1] = part
    end
    return parts
end
