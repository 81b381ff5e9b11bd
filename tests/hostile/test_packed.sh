#!/usr/bin/env bash
# Hostile input: packed; see run.py. Arguments: cases, default all.
set -euo pipefail
: "${SNAPSCOPE:?the program under test}" "${SS_SOURCE_DIR:?the source folder}"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$SS_SOURCE_DIR/tests/hostile/run.py" "$SNAPSCOPE" packed "$@"
