-- is: part
-- A queue whose messages may come back.  All scripts by which they may have these keys first, in this order;
-- its twin is queue_add_giveback_keys() in broker/queue.c.
local function queue_of(keys, dead_name, events)
    return {list = keys[1], leases = keys[2], delayed = keys[3], trash = keys[4], settings = keys[5],
            receipts = keys[6], stats = keys[7], dead = keys[8], dead_status = keys[9],
            queues = keys[10], dead_receipts = keys[11], dead_name = dead_name, events = events}
end
