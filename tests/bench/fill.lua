-- fill.lua - puts messages into a queue, in Redis, without any of the programs.
-- KEYS  <q>:UUID, <q>:queue, queuestat::<q>, QUEUESET
-- ARGV  queue, message, how many (at most 3000)
--
-- SPDX-License-Identifier: BSD-2-Clause
local last = redis.call('INCRBY', KEYS[1], ARGV[3])
local keys, bodies = {}, {}
for id = last - ARGV[3] + 1, last do
    local key = string.format('%s:%d', ARGV[1], id)
    keys[#keys + 1] = key
    bodies[#bodies + 1] = key
    bodies[#bodies + 1] = ARGV[2]
end
redis.call('MSET', unpack(bodies))
redis.call('LPUSH', KEYS[2], unpack(keys))
redis.call('SET', KEYS[3], '1', 'NX')
redis.call('SADD', KEYS[4], ARGV[1])
