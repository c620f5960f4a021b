-- is: part
-- Is this message in the queue?  keys are those of delete.  Returns true, false, or nil where nobody can
-- tell, as it may be a dead letter; its scores among the leases and the delayed ones, if it is there;
-- and whether the list is longer than what is searched.
local function find_message(keys, key, searches)
    local list, leases, _, delayed, dead, dead_leases, dead_receipts, dead_delayed = unpack(keys)
    local deadline, due = try('ZSCORE', leases, key), try('ZSCORE', delayed, key)
    local is_long = try('LLEN', list) > searches
    if deadline or due or not is_long and redis.call('LPOS', list, key) then
        return true, deadline, due, is_long
    end

    -- A body without an entry, as an original RestMQ leaves it behind, is the queue's, too; but not
    -- that of a dead letter, which has the same key and is not in this queue any more, nor another
    -- program's: one that a push has passed over, or with a number that the queue has not come to.
    if redis.call('EXISTS', key) == 0 or try('SISMEMBER', keys[10], key) == 1 or
       tonumber(string.match(key, '%d+$')) > (tonumber(try('GET', keys[9])) or 0) then
        return false, nil, nil, is_long
    end

    -- Dead letters have receipts, but for what an early version or another program put there; where
    -- there may be such ones, both ends are searched.
    local length, is_dead = try('LLEN', dead), nil
    if try('HEXISTS', dead_receipts, key) == 1 then
        is_dead = true
    elseif length > 2 * searches and try('HLEN', dead_receipts) ==
           length + try('ZCARD', dead_leases) + try('ZCARD', dead_delayed) then
        is_dead = false
    elseif redis.call('LPOS', dead, key, 'RANK', -1, 'MAXLEN', searches) or
           redis.call('LPOS', dead, key, 'MAXLEN', searches) then
        is_dead = true
    elseif length <= 2 * searches then
        is_dead = false
    else
        return nil, nil, nil, is_long
    end
    return is_dead == (dead == list), nil, nil, is_long
end
