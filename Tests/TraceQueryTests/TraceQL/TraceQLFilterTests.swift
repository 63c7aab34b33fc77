import Testing

/// Single filters over the fixed data set.
@Suite struct TraceQLFilterTests {
    @Test(arguments: constants + names + states + durations)
    func readsIntrinsics(_ testCase: TraceQLCase) async throws { try await testCase.check() }

    @Test(arguments: attributes + arithmetic + types)
    func readsAttributes(_ testCase: TraceQLCase) async throws { try await testCase.check() }

    @Test(arguments: lists + traces + structure)
    func readsListsAndTraces(_ testCase: TraceQLCase) async throws { try await testCase.check() }

    static let constants: [TraceQLCase] = [
        .init("{ }", TraceQLFixture.all), .init("{ true }", TraceQLFixture.all), .init("{ false }", ""), .init("{ !false }", TraceQLFixture.all),
        .init("{ 1 < 1.5 }", TraceQLFixture.all), .init(#"{ "a" < "b" }"#, TraceQLFixture.all), .init("{ 1s = 1000ms }", TraceQLFixture.all),
        .init("{ 1h30m = 90m }", TraceQLFixture.all), .init("{ 2 + 3 * 2 = 8 }", TraceQLFixture.all), .init("{ (2 + 3) * 2 = 10 }", TraceQLFixture.all),
        .init("{ 2 ^ 3 ^ 2 = 512 }", TraceQLFixture.all), .init("{ 7 / 2 = 3 }", TraceQLFixture.all), .init("{ 7 / 2.0 = 3.5 }", TraceQLFixture.all),
        .init("{ 7 % 4 = 3 }", TraceQLFixture.all), .init("{ 10 - 3 - 2 = 5 }", TraceQLFixture.all), .init("{ -2 ^ 2 = 4 }", TraceQLFixture.all),
        .init("{ nil = nil }", ""), .init("{ nil != nil }", ""), .init("{ true || false && false }", ""), .init("{ false && false || true }", TraceQLFixture.all),
        .init("{ 1 = 1 = true }", TraceQLFixture.all), .init("{ !false && false }", ""), .init("{ 1 / 0 = 1 }", ""), .init("{ .5 = 0.5 }", TraceQLFixture.all),
    ]

    static let names: [TraceQLCase] = [
        .init(#"{ name = "infer" }"#, "103 203 501"), .init("{ span:name = `infer` }", "103 203 501"),
        .init(#"{ name != "hop" }"#, "101-106 201-205 301-305 401-404 501-503 701 701 702 801-803 901-903 1001-1003 1101 1102 1201"),
        .init(#"{ name =~ "POST .*" }"#, "101 201 301"), .init(#"{ name =~ "(?i)select" }"#, "106 305 702 903"), .init(#"{ name =~ "POST" }"#, ""),
        .init(#"{ name !~ ".*e.*" }"#, "102 106 202 301 305 404 601-606 701 701 702 801-803 901-903 1001 1002 1201"),
        .init(#"{ name > "q" }"#, "104 204 503 803 1101 1102"), .init(#"{ name >= "types" }"#, "1101 1102"), .init(#"{ name < "A" }"#, "401"),
        .init(#"{ name <= "BEGIN" }"#, "401 1201"), .init(#"{ "infer" = name }"#, "103 203 501"), .init(#"{ name = "INFER" }"#, ""),
        .init(#"{ name =~ "a|b" }"#, "901 902"), .init(#"{ name =~ "p(re|ost)" }"#, "402 404"), .init(#"{ name =~ "[a-c]" }"#, "901 902"),
        .init(#"{ name =~ ".*/v\\d+/.*" }"#, "301"), .init(#"{ name =~ "\\w{5}" }"#, "103 104 203 204 403 501 503 701 701 1101 1102 1201"),
        .init("{ name != nil }", TraceQLFixture.all),
    ]

    static let states: [TraceQLCase] = [
        .init("{ kind = client }", "102 106 202 305 701 702 903 1201"), .init("{ kind = producer }", "1002"), .init("{ kind = consumer }", "1003"),
        .init("{ kind = unspecified }", "1001"), .init("{ span:kind = server }", "101 103 201 203 301 302 401 501 601 701 803 1101"),
        .init("{ kind != internal }", "101 102 103 106 201 202 203 301 302 305 401 501 601 701 701 702 803 903 1001 1002 1003 1101 1201"),
        .init("{ kind = internal }", "104 105 204 205 303 304 402-404 502 503 602-606 801 802 901 902 1102"),
        .init("{ status = error }", "201 202 203 205 606"), .init("{ span:status = ok }", "101 103 301 401 501 803 1201"),
        .init("{ status != unset }", "101 103 201 202 203 205 301 401 501 606 803 1201"),
        .init("{ status = unset && kind = server }", "302 601 701 1101"), .init("{ kind = server && status != ok }", "201 203 302 601 701 1101"),
        .init(#"{ statusMessage = "oom" }"#, "205"), .init(#"{ span:statusMessage != "" }"#, "201 203 205"), .init(#"{ statusMessage =~ ".*out.*" }"#, "203"),
        .init("{ status = error || kind = producer }", "201 202 203 205 606 1002"), .init("{ !(status = unset) && !(status = ok) }", "201 202 203 205 606"),
    ]

    static let durations: [TraceQLCase] = [
        .init("{ duration > 450ms }", "201 202 301 302 304"), .init("{ duration >= 450ms }", "201 202 203 301 302 304"), .init("{ duration = 0 }", "1201"),
        .init("{ duration < 3ms }", "305 503 1003 1201"), .init("{ span:duration > 1s }", "301 302 304"), .init("{ duration > 0.5 * 1s }", "301 302 304"),
        .init("{ duration = 100ms || duration = 80ms }", "101 102"), .init("{ duration > 1.5s && duration < 1.8s }", "304"),
        .init("{ duration >= 2000000000 }", "301"), .init("{ duration <= 1ms }", "503 1201"), .init("{ 1s < duration }", "301 302 304"),
        .init("{ duration != 5ms && duration < 6ms }", "305 503 802 803 903 1002 1003 1201"), .init("{ duration * 2 = 1s }", "201"),
        .init("{ duration > -1 && duration < 1 }", "1201"),
    ]

    static let attributes: [TraceQLCase] = [
        .init(#"{ resource.service.name = "triton" }"#, "103-105 203-205 501-503 701"),
        .init(#"{ resource.service.name != "gateway" }"#, "103-106 203-205 302-305 401-404 501-503 701 702 903 1002 1003 1201"),
        .init(#"{ .service.name = "vllm" }"#, "302-304"), .init(#"{ span.service.name = "vllm" }"#, ""), .init(#"{ resource.service.name = "nobody" }"#, ""),
        .init(#"{ resource.service.name =~ "vllm|bentoml" }"#, "302-304 401-404 1002 1003"), .init(#"{ resource.service.name =~ "vll" }"#, ""),
        .init(#"{ resource.service.name =~ "vll.*" }"#, "302-304"),
        .init(#"{ resource.service.name !~ "gateway|triton|bentoml" }"#, "106 302-305 702 903 1201"),
        .init("{ span.http.status_code = 200 }", "101 301"), .init(#"{ .http.status_code = "200" }"#, "401"), .init("{ span.http.status_code != 200 }", "201"),
        .init("{ span.http.status_code >= 200 && span.http.status_code < 300 }", "101 301"), .init(#"{ span.http.status_code > "1" }"#, "401"),
        .init(#"{ .http.method = "POST" }"#, "101 201 301"), .init(#"{ span.http.method =~ "GET|POST" }"#, "101 201 301"),
        .init(#"{ span.http.method !~ "GET" }"#, "101 201 301"), .init(#"{ span.user = "ann" }"#, "101"), .init(#"{ .user != "bob" }"#, "101"),
        .init(#"{ .user = nil && resource.service.name = "vllm" }"#, "302-304"), .init("{ span.user != nil }", "101"), .init("{ nil != span.user }", "101"),
        .init(#"{ .region = "eu" }"#, "101 102 106 201 202 301 305 401-404 601-606 701 702 801-803 901-903 1002 1003 1102 1201"),
        .init(#"{ resource.region = "eu" && name = "types" }"#, "1101 1102"), .init(#"{ .region = "override" }"#, "1101"), .init("{ span.region != nil }", "1101"),
        .init(#"{ .region = "asia" }"#, "1001"), .init("{ resource.zone = 1 && status = error }", "201 202 606"), .init("{ resource.gpu && status = ok }", "103 501"),
        .init("{ resource.gpu = true && kind = internal }", "104 105 204 205 502 503"), .init("{ !resource.gpu }", ""),
        .init("{ resource.replicas > 3 }", "103-105 203-205 501-503 701"), .init("{ resource.replicas = 2.5 }", "302-304"),
        .init("{ resource.replicas >= 2 && kind = server }", "103 203 302 501 701"), .init(#"{ span.db.name = "users" }"#, "106 305"),
        .init(#"{ .db.name = "users" && .rows > 0 }"#, "106"), .init(#"{ span.model = "resnet" }"#, "103 403 501"), .init(#"{ span.model != "resnet" }"#, "203"),
        .init(#"{ span.model !~ "res.*" }"#, "203"), .init(#"{ span.model =~ ".*e.*" }"#, "103 203 403 501"),
        .init(#"{ span.gen_ai.request.model = "llama" }"#, "302"), .init(#"{ span."gen ai model" = "llama" }"#, "1101"),
        .init(#"{ ."gen ai model" != nil }"#, "1101"), .init(#"{ resource.tier = "backend" && span.rows > 2 }"#, "106 903"),
    ]

    static let arithmetic: [TraceQLCase] = [
        .init("{ span.batch = 4 }", "103-105"), .init("{ span.batch * 2 = 16 }", "203 204"), .init("{ span.batch + 1 > 4 }", "103-105 203 204"),
        .init("{ span.batch / 4 = 2 }", "203 204"), .init("{ span.batch / 3 = 1 }", "103-105"), .init("{ span.batch % 4 = 0 }", "103-105 203 204"),
        .init("{ -span.batch = -1 }", "403"), .init("{ span.batch ^ 2 = 64 }", "203 204"), .init("{ span.batch - 2 < 0 }", "403"),
        .init("{ span.load > 0.7 }", "105"), .init("{ span.load = 0.75 && span.batch = 4 }", "105"), .init("{ span.ttft < 1 }", "302"),
        .init("{ span.ttft = 250ms }", ""), .init("{ span.tokens > span.rows }", ""), .init("{ span.tokens = 128 || span.rows = 3 }", "106 302"),
        .init("{ span.rows = 0 }", "305 1201"), .init("{ span.rows >= 0 }", "106 305 702 903 1201"), .init("{ span.rows != 0 }", "106 702 903"),
        .init(#"{ !(span.rows != 0) && resource.service.name = "db" }"#, "305 1201"), .init("{ .d + .i < 0 }", "1101 1102"), .init("{ .d * .i = 0 }", "1102"),
        .init("{ .i - .i = 0 }", "1101 1102"), .init("{ span.rows / 0 = 0 }", ""), .init("{ span.batch > span.load }", "105"),
    ]

    static let types: [TraceQLCase] = [
        .init("{ .b }", "1101"), .init("{ !.b }", "1102"), .init("{ .b = false }", "1102"), .init("{ .b != true }", "1102"), .init("{ .b || .i = 0 }", "1101 1102"),
        .init("{ .i < 0 }", "1101"), .init("{ .i = -5 }", "1101"), .init("{ .i <= 0 }", "1101 1102"), .init("{ .d > 2 }", "1101"), .init("{ .d < -1 }", "1102"),
        .init("{ .d = 2.5 }", "1101"), .init(#"{ .empty = "" }"#, "1101"), .init("{ .empty != nil }", "1101"), .init(#"{ .s = "x y" }"#, "1101"),
        .init(#"{ .s =~ "x y" }"#, "1101"), .init(#"{ .s =~ "^abc$" }"#, "1102"), .init(#"{ .s =~ "[a-c]+" }"#, "1102"), .init(#"{ .s !~ "\\w+" }"#, "1101"),
        .init("{ .s = 1 }", ""), .init("{ .i = `0` }", ""), .init("{ .s }", ""), .init("{ .i = 0.0 }", "1102"),
    ]

    static let lists: [TraceQLCase] = [
        .init(#"{ .strs = "a" }"#, "1101"), .init(#"{ .strs = "c" }"#, ""), .init(#"{ .strs != "a" }"#, ""), .init(#"{ .strs != "c" }"#, "1101"),
        .init(#"{ .strs =~ "a|z" }"#, "1101"), .init(#"{ .strs !~ "z" }"#, "1101"), .init(#"{ .strs !~ "a" }"#, ""), .init("{ .ints > 2 }", "1101"),
        .init("{ .ints = 2 }", "1101"), .init("{ .ints > 3 }", ""), .init("{ .ints < 2.5 }", "1101"), .init("{ .ints != 4 }", "1101"), .init("{ .ints != 2 }", ""),
        .init("{ .strs = 1 }", ""), .init("{ .strs != nil }", "1101"), .init("{ 2 < .ints }", "1101"), .init(#"{ span.tags = "fast" }"#, "103"),
        .init(#"{ event:name = "exception" }"#, "203 205"), .init(#"{ event:name = "log" }"#, "404"), .init(#"{ event:name != "log" }"#, "203 205"),
        .init(#"{ event.level = "warn" }"#, "404"), .init(#"{ event.level != "warn" }"#, ""), .init(#"{ event.level != "error" }"#, "404"),
        .init("{ event:timeSinceStart > 100ms }", "203"), .init("{ event:timeSinceStart < 2ms }", "404"),
        .init(#"{ event:name = "exception" && event.exception.message =~ ".*memory.*" }"#, "205"), .init("{ event.exception.message != nil }", "203 205"),
        .init("{ event.level = nil && status = error }", "201 202 203 205 606"), .init(#"{ link:traceID = "abc0000000000000001" }"#, "302"),
        .init(#"{ link:spanID = "67" }"#, "302"), .init(#"{ link.reason = "cache" }"#, "302"), .init(#"{ link:spanID != "67" }"#, ""),
    ]

    static let traces: [TraceQLCase] = [
        .init(#"{ instrumentation:name = "vllm.tracing" }"#, "302-304"), .init(#"{ instrumentation:version = "2.0" }"#, "103-105 203-205 501-503 701"),
        .init(#"{ instrumentation.lang = "c" }"#, "106 305 702 903 1201"), .init(#"{ instrumentation:version = "" }"#, "302-304 1001"),
        .init("{ trace:duration > 400ms }", "201-205 301-305"), .init("{ traceDuration <= 5ms }", "801-803 1201"),
        .init(#"{ trace:rootName = "POST /infer" }"#, "101-106 201-205"), .init(#"{ rootServiceName = "bentoml" }"#, "401-404"),
        .init(#"{ trace:rootService = "db" }"#, "1201"),
        .init(#"{ rootName != "hop" }"#, "101-106 201-205 301-305 401-404 701 701 702 801-803 901-903 1001-1003 1101 1102 1201"),
        .init(#"{ rootName =~ "." }"#, "901-903"), .init(#"{ rootServiceName = "gateway" && status = error }"#, "201 202 203 205 606"),
        .init(#"{ trace:id = "abc000000000000000c" }"#, "1201"), .init(#"{ trace:id = "0000000000000ABC000000000000000c" }"#, "1201"),
        .init(#"{ span:id = "0000000000000065" }"#, "101"), .init(#"{ span:id = "25e" }"#, "606"), .init(#"{ span:parentID = "65" }"#, "102 106"),
        .init(#"{ span:parentID = "" }"#, "101 201 301 401 601 701 701 803 901 902 1001 1101 1201"),
    ]

    static let structure: [TraceQLCase] = [
        .init("{ span:childCount > 2 }", "401"), .init("{ span:childCount = 2 }", "101 103 203 301 302"), .init("{ span:childCount = 0 && kind = server }", "803"),
        .init("{ span:childCount = 1 && status = ok }", "501"), .init("{ nestedSetParent < 0 }", "101 201 301 401 601 701 803 901 902 1001 1101 1201"),
        .init("{ nestedSetParent = -1 && kind = internal }", "901 902"), .init("{ nestedSetLeft = 1 }", "101 201 301 401 601 701 803 901 1001 1101 1201"),
        .init(#"{ nestedSetLeft = 3 && rootName = "a" }"#, "902"), .init("{ nestedSetRight = 12 }", "101 601"), .init("{ nestedSetLeft = 0 }", "501-503 801 802"),
        .init(#"{ nestedSetLeft = 6 && name = "hop" }"#, "606"),
    ]
}
