#!/bin/sh
# install-packages.sh GROUP…: installs the Debian packages of the groups that are missing; does nothing when none is.
# Groups: build, test, bench, peers.
set -eu
here=$(dirname "$0")

packages_of() {
    case $1 in
        build) echo "libsqlite3-dev zlib1g-dev libzstd-dev pkg-config" ;;
        test) echo "python3 python3-venv chromium prometheus fonts-dejavu-core curl ca-certificates" ;;
        bench) echo "python3 python3-venv wrk nghttp2-client procps curl chromium fonts-dejavu-core" ;;
        peers) echo "python3 python3-venv libpython3.11" ;;
        *)
            echo "install-packages.sh: no group '$1'; groups are build, test, bench, peers" >&2
            exit 2
            ;;
    esac
}

missing=
for group in "$@"; do
    for package in $(packages_of "$group"); do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        case " $missing " in *" $package "*) continue ;; esac
        [ "$state" = installed ] || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-packages.sh: these Debian packages are missing, and there is neither root nor sudo to install them:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
"$here/retry.sh" 4 $as_root apt-get -q update
# shellcheck disable=SC2086 — the list is words.
"$here/retry.sh" 4 $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
