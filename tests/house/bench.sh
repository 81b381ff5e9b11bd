#!/usr/bin/env bash
# The scripts under bench/ say what they measured: their tables, targets, memory, and that inputs stay.
set -euo pipefail
: "${SS_SOURCE_DIR:?the source folder}" "${SS_BINARY_DIR:?the build folder}" "${SNAPSCOPE:?the program}"
exec python3 -B "$SS_SOURCE_DIR/tests/house/bench.py"
