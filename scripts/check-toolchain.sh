#!/bin/sh
# check-toolchain.sh: says what to do when there is no Swift to build with.
if ! command -v swift >/dev/null; then
    echo "Needletail is built with Swift 6.2 or newer, and there is no 'swift' on the PATH." >&2
    echo "Install a toolchain from https://www.swift.org/install/linux/ and add its usr/bin to PATH." >&2
    exit 1
fi
