/// The files of the page, one line for each file of the folder `Web`.
enum WebAssets {
    struct File {
        var name: String
        var bytes: [UInt8]
    }

    /// Name as in the URL `/assets/<name>`, and the embedded bytes.
    static var files: [File] {
        [
            File(name: "index.html", bytes: PackageResources.index_html),
        ]
    }
}
