-- load.lua - what wrk sends: one request again and again.  Its figures come as a line of JSON.
--
--     wrk … -s load.lua URL GET
--     wrk … -s load.lua URL POST        with 100 bytes of text/plain
--
-- SPDX-License-Identifier: BSD-2-Clause

local text

function init(args)
    wrk.method = args[1]
    if wrk.method == "POST" then
        wrk.headers["Content-Type"] = "text/plain"
        wrk.body = string.rep("0123456789", 10)
    end
    text = wrk.format()
end

function request()
    return text
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
        summary.requests, summary.duration / 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
