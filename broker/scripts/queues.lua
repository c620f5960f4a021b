-- queues: one page of the names of all queues.
-- KEYS  set of all queues
-- ARGV  cursor, about how many
-- reply next cursor ("0": that was all), names, how many there are on all pages
--
-- RestMQ writes "foo", the Sinatra endpoint "foo:queue": both are foo, which is named once.
-- is: reading
local page = try('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local names = {}
for _, member in ipairs(page[2]) do
    local name = string.match(member, '^(.+):queue$')
    if not name then
        names[#names + 1] = member
    elseif redis.call('SISMEMBER', KEYS[1], name) == 0 then
        names[#names + 1] = name
    end
end
return {page[1], names, redis.call('SCARD', KEYS[1])}
