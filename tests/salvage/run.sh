#!/usr/bin/env bash
# Salvage of every damaged file of tests/damage/cases and of every sound fixture. Arguments: names, default all.
set -euo pipefail
: "${SNAPSCOPE:?the program under test}" "${SS_SOURCE_DIR:?the source folder}"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$SS_SOURCE_DIR/tests/salvage/run.py" "$SNAPSCOPE" "$SS_SOURCE_DIR/testdata" "$@"
