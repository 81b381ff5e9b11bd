#!/usr/bin/env bash
# Every command over every damaged file of cases/; see README.md. Arguments: cases, default all.
set -euo pipefail
: "${SNAPSCOPE:?the program under test}" "${SS_SOURCE_DIR:?the source folder}"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$SS_SOURCE_DIR/tests/damage/run.py" "$SNAPSCOPE" "$SS_SOURCE_DIR/testdata" "$@"
