-- load.lua - what wrk sends: one request again and again, or two of them in turn.  Its figures come
-- as a line of JSON.
--
--     wrk … -s load.lua URL GET
--     wrk … -s load.lua URL POST             100 bytes of text/plain
--     wrk … -s load.lua URL BATCH            100 messages of 100 bytes
--     wrk … -s load.lua URL PUSH+TAKE        POST, then GET
--     wrk … -s load.lua URL LEASE+ACK        GET ?lease=30, then DELETE with the token it gave
--     wrk … -s load.lua URL LEASES+ACKS      GET ?lease=30&count=100, then POST ?acks=1 for all of them
--     wrk … -s load.lua URL POST /a /b …     GET and POST: the same at each of these paths in turn
--
-- SPDX-License-Identifier: BSD-2-Clause

local MESSAGE = string.rep("0123456789", 10)
local claims = {}   -- options key and lease of messages that are leased and wait for their ack

local function post(type, body, path)
    return wrk.format("POST", path, {["Host"] = wrk.headers["Host"], ["Content-Type"] = type}, body)
end

-- Both pairs read their answers, so that the client costs the same; only leases are found.
local function read_answer(status, headers, body)
    local key, lease = string.match(body, '"key":"([^"]*)".*"lease":"([^"]*)"')
    if lease then
        claims[#claims + 1] = "?key=" .. key .. "&lease=" .. lease
    end
end

-- format(path) of one path after the other; of that in the URL when there are none.
local function in_turn(paths, format)
    local texts, at = {}, 0
    for i, path in ipairs(paths) do
        texts[i] = format(path)
    end
    texts[1] = texts[1] or format(nil)
    return function()
        at = at % #texts + 1
        return texts[at]
    end
end

-- Functions that give the next request.  Those of a pair are sent in turn by all connections
-- together: wrk does not say which of them asks.
local loads = {}

loads["GET"] = function(paths)
    return in_turn(paths, function(path) return wrk.format("GET", path) end)
end

loads["POST"] = function(paths)
    return in_turn(paths, function(path) return post("text/plain", MESSAGE, path) end)
end

loads["BATCH"] = function()
    local text = post("application/x-ndjson", string.rep(MESSAGE .. "\n", 100))
    return function() return text end
end

loads["PUSH+TAKE"] = function()
    local push, take = post("text/plain", MESSAGE), wrk.format("GET")
    local is_take = true
    response = read_answer
    return function()
        is_take = not is_take
        return is_take and take or push
    end
end

-- All claims of an answer, as an array.
local function read_claims(status, headers, body)
    local found = {}
    for key, lease in string.gmatch(body, '"key":"([^"]*)","value":"[^"]*","lease":"([^"]*)"') do
        found[#found + 1] = '{"key":"' .. key .. '","lease":"' .. lease .. '"}'
    end
    if #found > 0 then
        claims[#claims + 1] = "[" .. table.concat(found, ",") .. "]"
    end
end

loads["LEASES+ACKS"] = function()
    local lease, acks = wrk.format("GET", wrk.path .. "?lease=30&count=100"), wrk.path .. "?acks=1"
    local fields = {["Host"] = wrk.headers["Host"], ["Content-Type"] = "application/json"}
    response = read_claims
    return function()
        local claim = table.remove(claims)
        return claim and wrk.format("POST", acks, fields, claim) or lease
    end
end

loads["LEASE+ACK"] = function()
    local lease = wrk.format("GET", wrk.path .. "?lease=30")
    local before, behind = "DELETE " .. wrk.path, string.match(lease, " HTTP/1.1\r\n.*$")
    response = read_answer
    return function()
        local claim = table.remove(claims)
        return claim and before .. claim .. behind or lease
    end
end

function init(args)
    request = loads[args[1]]({unpack(args, 2)})
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
        summary.requests, summary.duration / 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
