"""All pages of the studio, with something on each."""

import functools

NAMES = ["overview", "traces", "trace", "flame", "compare", "why", "models", "model", "batches", "batch", "lanes", "llm", "map", "errors", "error", "live", "monitor", "health", "help"]


@functools.cache
def address(sample, name):
    """The address of a page by its name, about the sample's hour, whose traces stay the same."""
    def trace():
        return sample.ask("search", q="model:rank_ensemble", sort="duration", rows="1")["rows"][0]["traceID"]

    def two():
        return [row["traceID"] for row in sample.ask("search", q="model:bert_reranker", sort="duration", rows="2")["rows"]]

    make = {
        "overview": lambda: sample.url("/"),
        "traces": lambda: sample.url("/traces"),
        "trace": lambda: f"{sample.query}/trace/{trace()}",
        "flame": lambda: f"{sample.query}/trace/{trace()}?v=flame",
        "compare": lambda: sample.url("/compare", **dict(zip("ab", two()))),
        "why": lambda: sample.url("/compare", sel="p99+"),
        "models": lambda: sample.url("/models"),
        "model": lambda: sample.url("/models/bert_reranker", version="3"),
        "batches": lambda: sample.url("/batches"),
        "batch": lambda: sample.url(f"/batch/{sample.ask('batches', rows='1')['batches'][0]['key']}"),
        "lanes": lambda: sample.url("/lanes"),
        "llm": lambda: sample.url("/llm"),
        "map": lambda: sample.url("/map"),
        "errors": lambda: sample.url("/errors"),
        "error": lambda: sample.url(f"/errors/{sample.ask('errors')['groups'][0]['group']}"),
        "live": lambda: sample.url("/live"),
        "monitor": lambda: sample.url("/monitor"),
        "health": lambda: sample.url("/health/data"),
        "help": lambda: sample.url("/help"),
    }
    return make[name]()
