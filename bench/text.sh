#!/usr/bin/env bash
# Measure the inner loops of the dump: base64, clean text, JSON strings. Builds them, and prints GB/s.
set -euo pipefail

root=$(cd -- "$(dirname -- "$0")/.." && pwd)
cmake -S "$root" -B "$root/build/bench" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSNAPSCOPE_TESTS=ON >/dev/null
cmake --build "$root/build/bench" --target bench_text >/dev/null
"$root/build/bench/bench/bench_text"
