-- is: part
-- Tells who listens on a topic's channel that somebody came ('join') or went ('leave').  The row is
-- an object in JSON with at least one member; a topic's name has no byte that JSON would escape.
local function announce(event, channel, topic, row)
    publish(channel, '{"event":"' .. event .. '","topic":"' .. topic .. '",' ..
        string.sub(row, 2))
end
