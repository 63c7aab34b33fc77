#!/bin/sh
# peers-venv.sh: installs real PyTriton in .venv-peers. It is made for Debian 12's Python 3.11; elsewhere this says so and
# does nothing, and what needs PyTriton is skipped.
set -eu
here=$(dirname "$0")
version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
if [ "$version" != 3.11 ]; then
    echo "PyTriton needs Python 3.11 as /usr/bin/python3, here it is $version: what needs it is skipped"
    exit 0
fi
"$here/install-packages.sh" peers
"$here/venv.sh" .venv-peers journeys/peers/requirements.txt
