/// Certificates and keys for tests of TLS, valid from 2020 to 2120 and used nowhere else.
enum TestCertificate {
    /// The authority that issued `server` and `client`.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBeTCCAR6gAwIBAgIUGEmy74RC38WuKOGUtc1VCrf418MwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        MDAxMDEwMDAwMDBaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEXdNACSVwYxl1YIRgt4TpKebA54O0zemnFRpLDiJ5
        IZgMjckUxnxc79fOMHliQ7XcLScbc21mK6mpqX5BtjikhqNCMEAwDwYDVR0TAQH/
        BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFCmL1EQPu9nHj5OT47ZA
        dRGdAek4MAoGCCqGSM49BAMCA0kAMEYCIQDbQDTYCD1ge5nUgLSIn0j98TaBswGe
        nyojkRStdklqtgIhAPxlHL15lMqrRYg5EC5RLG5NYFZ2ULnuqyejCgJYnnS7
        -----END CERTIFICATE-----
        """

    /// An authority that issued neither.
    static let otherAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASSgAwIBAgIUG6ZPUw9I+uT4YonMYDFTMsLRmx4wCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRQW5vdGhlciBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgP
        MjEyMDAxMDEwMDAwMDBaMBwxGjAYBgNVBAMMEUFub3RoZXIgYXV0aG9yaXR5MFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOmrZIKS3jDIAL1U37Vo+V/4mfog/kjeE
        lO0hDhQEal9+ALa4JMJYeSr34CRbj/CBwYg/tQWA+SW/bXGYA+pX8aNCMEAwDwYD
        VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFLGOTZ1rtCtK
        yhf8prFMQOW7rbMsMAoGCCqGSM49BAMCA0gAMEUCICfWgiatTwBtjjININURvq/z
        bT3UhhxBDHUVL0Etl2DcAiEAodz9dPztPGYc9ZAQjKCVyNl5QyFDliJYWJ+hhaxk
        NhY=
        -----END CERTIFICATE-----
        """

    /// For localhost, 127.0.0.1 and ::1.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBxDCCAWmgAwIBAgIUd0YAL08wJLpBVU16rPEEFzD4Uy0wCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        MDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
        CCqGSM49AwEHA0IABLLGQCXbjEKkHcb+77bQnsZogkj0WUNGRSIFpvpqCPWhH2Tl
        PlRItlX5LiTQ8Jq305c3CQlKz+kH6DrtTSFynoWjgZEwgY4wLAYDVR0RBCUwI4IJ
        bG9jYWxob3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMBMGA1UdJQQMMAoGCCsG
        AQUFBwMBMAkGA1UdEwQCMAAwHQYDVR0OBBYEFIrDgk4eEbirAs7MRV75ArIJopR4
        MB8GA1UdIwQYMBaAFCmL1EQPu9nHj5OT47ZAdRGdAek4MAoGCCqGSM49BAMCA0kA
        MEYCIQDbQmR4MWRZkdfilI4PWyUJWBq+qW1A4KEqBcWlrcMT0QIhAOXDob1eTWH/
        aCDH0QpvSLW/EV79c292Oc9+EsSU5n6X
        -----END CERTIFICATE-----
        """

    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9TlcvUu40Nd4FrSm
        qrK681mB7xHvc4bKLDB85F4X+t6hRANCAASyxkAl24xCpB3G/u+20J7GaIJI9FlD
        RkUiBab6agj1oR9k5T5USLZV+S4k0PCat9OXNwkJSs/pB+g67U0hcp6F
        -----END PRIVATE KEY-----
        """

    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBkTCCATagAwIBAgIUTwH/BVG4VubfWm/1MXd3UnXOHDcwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        MDAxMDEwMDAwMDBaMBExDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABPd7gml1My9Aidcl99J9psIgCm+Dpiuc5Y1lS/xZF8uj0Zknh4u+
        YQQJ51ZHEtlZ5ZLRjpEpUSbdQXA8IBlqm0CjYjBgMBMGA1UdJQQMMAoGCCsGAQUF
        BwMCMAkGA1UdEwQCMAAwHQYDVR0OBBYEFMFziLQHGRd/uVjDLhSH9l40PnUIMB8G
        A1UdIwQYMBaAFCmL1EQPu9nHj5OT47ZAdRGdAek4MAoGCCqGSM49BAMCA0kAMEYC
        IQDs3Tl6u1Mx/e/i4yxgvTTNeEsVpIOwW+I+xca/sGqCOgIhANw/JjWVldpZyDzw
        geSiAF02un1UCGTnxhBdFVCiKoeH
        -----END CERTIFICATE-----
        """

    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDkRsrR2uAYsG7+7x
        5UqpWUvH19xmhXpdZefKKvmMLlKhRANCAAT3e4JpdTMvQInXJffSfabCIApvg6Yr
        nOWNZUv8WRfLo9GZJ4eLvmEECedWRxLZWeWS0Y6RKVEm3UFwPCAZaptA
        -----END PRIVATE KEY-----
        """
}
