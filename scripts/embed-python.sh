#!/bin/sh
# embed-python.sh [--check]: writes the files of python/needletail into the Swift source that the program unpacks them from.
# --check writes nothing and fails when that source is not current.
set -eu
cd "$(dirname "$0")/.."
target=Sources/InferenceBackends/Python/Package/PythonPackageFiles.swift
made=$(mktemp)
trap 'rm -f "$made"' EXIT
{
    echo '/// The files of python/needletail. Made by scripts/embed-python.sh; change those files and run it again.'
    echo 'enum PythonPackageFiles {'
    echo '    /// Path within the package, and content.'
    echo '    static let all: [(path: String, content: String)] = ['
    (cd python/needletail && find . -name '*.py' | sort) | while read -r file; do
        path=${file#./}
        printf '        (\n            "%s",\n            ###"""\n' "$path"
        cat "python/needletail/$path"
        printf '\n"""###\n        ),\n'
    done
    echo '    ]'
    echo '}'
} > "$made"
if [ "${1:-}" = --check ]; then
    cmp -s "$made" "$target" || { echo "embed-python.sh: $target is not current; run scripts/embed-python.sh" >&2; exit 1; }
    exit 0
fi
mkdir -p "$(dirname "$target")"
cp "$made" "$target"
