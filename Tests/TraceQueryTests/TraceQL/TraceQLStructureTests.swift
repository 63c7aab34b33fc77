import Testing

/// Sets of spans and how they are related, over the fixed data set.
@Suite struct TraceQLStructureTests {
    @Test(arguments: relations + chains + sets)
    func finds(_ testCase: TraceQLCase) async throws { try await testCase.check() }

    static let relations: [TraceQLCase] = [
        .init(#"{ name = "infer" } > { }"#, "104 105 204 205"), .init(#"{ name = "infer" } >> { }"#, "104 105 204 205"),
        .init(#"{ kind = server && resource.service.name = "gateway" } >> { resource.service.name = "triton" }"#, "103-105 203-205"),
        .init(#"{ resource.service.name = "gateway" } > { resource.service.name = "triton" }"#, "103 203 701"),
        .init("{ status = error } << { kind = server }", "201 203 601"), .init("{ status = error } < { }", "201 202 203 605"),
        .init(#"{ name = "compute" } ~ { name = "queue" }"#, "104 204"), .init(#"{ } ~ { name = "pre" }"#, "402"), .init(#"{ name = "pre" } ~ { }"#, "403 404"),
        .init(#"{ name = "pre" } ~ { name = "pre" }"#, ""), .init("{ } ~ { }", "102 104-106 204 205 302-305 402-404"),
        .init(#"{ } !< { resource.service.name = "db" }"#, "106 305 702 903 1201"),
        .init(#"{ } !< { resource.service.name = "triton" }"#, "104 105 204 205 501-503"), .init("{ status = error } !< { status = error }", "205 606"),
        .init("{ } !> { kind = internal }", "502 503 801 802 901 902"),
        .init("{ } !>> { }", "101 201 301 401 501-503 601 701 801-803 901 902 1001 1101 1201"), .init(#"{ name = "zzz" } !>> { name = "infer" }"#, "103 203 501"),
        .init(#"{ } !~ { name = "compute" }"#, "502"), .init("{ } !<< { kind = server }", "501 803"),
        .init(#"{ name = "POST /infer" && status = error } &>> { status = error }"#, "201 202 203 205"),
        .init(#"{ name = "infer" } &> { name = "queue" }"#, "103 104 203 204"), .init(#"{ name = "SELECT" } &< { kind = server }"#, "101 106 301 305 701 702"),
        .init("{ .n = 6 } &<< { .n = 1 }", "601 606"), .init("{ .n = 2 } &~ { .n = 3 }", ""), .init(#"{ name = "pre" } &~ { name = "post" }"#, "402 404"),
        .init(#"{ name = "proxy" && kind = client } > { }"#, "701"), .init(#"{ name = "proxy" && kind = server } > { }"#, "702"),
        .init(#"{ kind = server } < { name = "proxy" }"#, "701"), .init(#"{ name = "infer" } > { name = "compute" }"#, "105 205"),
        .init(#"{ name = "queue" } >> { }"#, ""), .init(#"{ name = "loop" } > { }"#, ""), .init(#"{ name = "loop" } !> { name = "loop" }"#, "801 802"),
        .init(#"{ name = "loop" } ~ { }"#, ""), .init(#"{ } > { name = "SELECT" }"#, "106 305 702 903"), .init("{ .rows > 5 } < { }", "902"),
        .init("{ } << { kind = producer }", "1002"), .init(#"{ name = "anon" } >> { kind = consumer }"#, "1003"),
        .init("{ } < { }", "101-103 201-203 301 302 401 601-605 701 701 902 1001 1002 1101"),
    ]

    static let chains: [TraceQLCase] = [
        .init("{ .n = 1 } >> { .n > 3 }", "604-606"), .init("{ .n = 1 } > { .n > 1 }", "602"), .init("{ .n = 6 } << { .n < 3 }", "601 602"),
        .init("{ .n = 6 } < { }", "605"), .init("{ .n = 1 } > { } > { }", "603"), .init("{ .n = 3 } >> { } >> { }", "605 606"),
        .init("{ .n = 1 } > ({ .n = 2 } > { .n = 3 })", ""), .init("({ .n = 1 } > { .n = 2 }) || { .n = 6 }", "602 606"),
        .init("{ .n = 1 } || { .n = 2 } && { .n = 9 }", ""), .init("{ .n = 9 } && { .n = 1 } || { .n = 2 }", "602"),
        .init("{ .n = 2 } && { .n = 1 } > { .n = 2 }", "602"), .init("{ .n = 5 } || { .n = 1 } > { .n = 3 }", "605"),
        .init("({ } | count() > 5) >> ({ .n = 3 })", "603"), .init(#"({ } | count() > 5) && ({ name = "hop" } | count() = 6)"#, "601-606"),
        .init("{ .n < 4 } | { .n = 1 } >> { }", "602 603"), .init("{ .n > 1 } | { } !> { }", "602"),
    ]

    static let sets: [TraceQLCase] = [
        .init("{ .n = 1 } && { .n = 6 }", "601 606"), .init("{ .n = 1 } && { .n = 7 }", ""), .init("{ .n = 1 } || { .n = 7 }", "601"),
        .init(#"{ name = "infer" } && { name = "SELECT" }"#, "103 106"), .init(#"{ name = "infer" } || { name = "SELECT" }"#, "103 106 203 305 501 702 903"),
        .init(#"{ name = "SELECT" } && { kind = client }"#, "102 106 305 701 702 903"),
        .init(#"{ resource.region = "eu" } && { resource.region = "us" }"#, "101-106 201-205 301-305 701 701 702"),
        .init(#"{ name = "pre" } && { name = "model" } && { name = "post" }"#, "402-404"),
    ]
}
