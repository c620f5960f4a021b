-- is: part
-- needs: pool
-- The end of choosing: the chosen servers are charged, all of them or, when one of the new scores
-- would not do, none.
-- cost   text of a number, "" for none
-- chosen an array of {row key, row, server, score as text}
-- reply  "ok", server, row, score, server, row, score, …; "below" or "beyond", server
local function charge(chosen, cost)
    local reply = {'ok'}
    if cost ~= '' then
        for _, one in ipairs(chosen) do
            local score = tonumber(one[4]) + tonumber(cost)
            if not is_finite(score) then
                return {'beyond', one[3]}
            elseif tonumber(cost) < 0 and score < 0 then
                return {'below', one[3]}
            end
        end
    end
    for _, one in ipairs(chosen) do
        reply[#reply + 1] = one[3]
        reply[#reply + 1] = one[2]
        reply[#reply + 1] = cost == '' and one[4] or redis.call('ZINCRBY', one[1], cost, one[3])
    end
    return reply
end
