#!/usr/bin/env bash
# Measures training on this machine's GPU, in under eight minutes: scripts/bench/gpu.sh --help, docs/gpu.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=${MASKDM_PYTHON:-python3}
if [ -z "${MASKDM_PYTHON:-}" ] && [ -x "$root/.venv/bin/python" ]; then python=$root/.venv/bin/python; fi
export PYTHONPATH="$root/src/torch${PYTHONPATH:+:$PYTHONPATH}" PYTHONDONTWRITEBYTECODE=1
exec "$python" "$root/scripts/bench/gpu/main.py" "$@"
