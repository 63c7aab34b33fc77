-- The load of the serving figures: one generate request after the other, and one line with the result.
wrk.method = "POST"
wrk.body = '{"sleep": 0, "error": false}'
wrk.headers["Content-Type"] = "application/json"

done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %f %f\n", summary.requests, summary.duration,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
