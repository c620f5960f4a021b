-- is: part
-- needs: trash
-- Redis frees bodies while it serves nobody else, 1 MiB in a quarter of a millisecond: of many messages
-- that go in one call, the bodies beyond that are left to the sweeper, in a new part of the trash.
-- Returns the place of the first one that is left, the trash, and the number of that part; or nil.
local function spare(trash, keys)
    local bytes = 0
    for i, key in ipairs(keys) do
        local length = redis.pcall('STRLEN', key)
        bytes = bytes + (type(length) == 'number' and length or 0)
        if i > 1 and bytes > 1048576 then
            local number = newest_number_of(trash) + 1
            try('LLEN', trash .. ':' .. number)
            return {first = i, trash = trash, number = number}
        end
    end
end
