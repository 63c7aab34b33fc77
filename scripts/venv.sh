#!/bin/sh
# venv.sh FOLDER REQUIREMENTS: makes a Python virtual environment with Debian's python3 and installs the requirements.
# Does nothing when FOLDER already holds these requirements.
set -eu
folder=$1
requirements=$2
here=$(dirname "$0")
stamp=$folder/.requirements
if [ -x "$folder/bin/python" ] && cmp -s "$requirements" "$stamp"; then
    exit 0
fi
echo "Installing the Python packages of $requirements in $folder"
[ -x "$folder/bin/python" ] || /usr/bin/python3 -m venv --clear "$folder"
"$here/retry.sh" 4 "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$stamp"
