/// The files of the page, one line for each file of the folder `Web`.
enum WebAssets {
    struct File {
        var name: String
        var bytes: [UInt8]
    }

    /// Name as in the URL `/assets/<name>`, and the embedded bytes.
    static var files: [File] {
        [
            File(name: "api.js", bytes: PackageResources.api_js),
            File(name: "app.css", bytes: PackageResources.app_css),
            File(name: "app.js", bytes: PackageResources.app_js),
            File(name: "attributes.js", bytes: PackageResources.attributes_js),
            File(name: "bars.js", bytes: PackageResources.bars_js),
            File(name: "canvas.js", bytes: PackageResources.canvas_js),
            File(name: "color.js", bytes: PackageResources.color_js),
            File(name: "columns.js", bytes: PackageResources.columns_js),
            File(name: "critical.js", bytes: PackageResources.critical_js),
            File(name: "detail.js", bytes: PackageResources.detail_js),
            File(name: "dom.js", bytes: PackageResources.dom_js),
            File(name: "early.js", bytes: PackageResources.early_js),
            File(name: "format.js", bytes: PackageResources.format_js),
            File(name: "groups.js", bytes: PackageResources.groups_js),
            File(name: "head.js", bytes: PackageResources.head_js),
            File(name: "icon.svg", bytes: PackageResources.icon_svg),
            File(name: "importer.js", bytes: PackageResources.importer_js),
            File(name: "index.html", bytes: PackageResources.index_html),
            File(name: "keys.js", bytes: PackageResources.keys_js),
            File(name: "logfmt.js", bytes: PackageResources.logfmt_js),
            File(name: "minimap.js", bytes: PackageResources.minimap_js),
            File(name: "query.js", bytes: PackageResources.query_js),
            File(name: "results.js", bytes: PackageResources.results_js),
            File(name: "rows.js", bytes: PackageResources.rows_js),
            File(name: "ruler.js", bytes: PackageResources.ruler_js),
            File(name: "scatter.js", bytes: PackageResources.scatter_js),
            File(name: "search.js", bytes: PackageResources.search_js),
            File(name: "searchform.js", bytes: PackageResources.searchform_js),
            File(name: "strip.js", bytes: PackageResources.strip_js),
            File(name: "tip.js", bytes: PackageResources.tip_js),
            File(name: "tokens.css", bytes: PackageResources.tokens_css),
            File(name: "trace.css", bytes: PackageResources.trace_css),
            File(name: "trace.js", bytes: PackageResources.trace_js),
            File(name: "view.js", bytes: PackageResources.view_js),
            File(name: "waterfall.js", bytes: PackageResources.waterfall_js),
            File(name: "welcome.js", bytes: PackageResources.welcome_js),
        ]
    }
}
