-- One request to the passthrough model after the other, and one line with the result. Argument: generate or infer.
local bodies = {
    generate = '{"sleep": %s, "error": false}',
    infer = '{"inputs":[{"name":"sleep","shape":[1,1],"datatype":"FP32","data":[%s]},'
        .. '{"name":"error","shape":[1,1],"datatype":"BOOL","data":[false]}]}',
}

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

init = function(arguments)
    wrk.body = string.format(bodies[arguments[1]], arguments[2] or "0")
end

done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %f %f\n", summary.requests, summary.duration,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
