/// A port as a setting asks for it.
struct PortUse {
    enum Transport: String {
        case tcp = "TCP"
        case udp = "UDP"
    }

    /// The setting's name, without dashes.
    var flag: String
    /// 0 lets the system choose.
    var port: Int
    var transport = Transport.tcp
    /// The setting may also be `off`.
    var canBeOff = false
}
