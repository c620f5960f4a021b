-- is: part
-- Once rows were removed: if these were the helper's last on the topic, the sets forget it.
local function vacate(presence, rows, topics, helper_topics, topic, helper)
    if redis.call('EXISTS', rows) == 0 then
        redis.call('SREM', presence, helper)
        redis.call('SREM', helper_topics, topic)
        if redis.call('EXISTS', presence) == 0 then
            redis.call('SREM', topics, topic)
        end
    end
end
