#!/usr/bin/env bash
# The catalogue of checks and docs/checks.md tell the same: every id has one chapter, in the catalogue's
# order, with its text and severity and with the four things a reader looks for; and no other chapter
# bears an id.
set -euo pipefail
: "${SS_SOURCE_DIR:?the source folder}"
exec python3 - "$SS_SOURCE_DIR" <<'PYTHON'
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
source = (root / "src/verify/checks.def").read_text()
due = [(check, text, severity.lower()) for check, severity, text in
       re.findall(r'^CHECK\(\w+, "([^"]+)", (\w+), "([^"]+)"\)$', source, re.M)]
if source.count("\nCHECK(") != len(due):
    sys.exit("FAIL: a row of checks.def is not on one line, as this test reads it")

chapters = re.split(r"^### (?=[A-Z]+-\d)", (root / "docs/checks.md").read_text(), flags=re.M)[1:]
found, failures = [], []
for chapter in chapters:
    body = chapter.split("\n## ")[0]
    head = re.match(r"([A-Z]+-\d+) (.*)\n\n\*(\w+)\* · \S", body)
    if head is None:
        failures.append(f"{chapter.splitlines()[0]}: no line '*severity* · what it means'")
        continue
    found.append(head.groups())
    for part in ("**Cause.** ", "**bbolt, etcd.** ", "**Next.** "):
        if len(re.findall(r"^" + re.escape(part) + r"\S", body, re.M)) != 1:
            failures.append(f"{head[1]}: {part.strip()} is not there once")
for number, (want, got) in enumerate(zip(due, found)):
    if want != got:
        failures.append(f"row {number + 1}: checks.def has {want}, docs/checks.md {got}")
        break
if len(due) != len(found):
    failures.append(f"{len(due)} checks, {len(found)} chapters")
for failure in failures:
    print(f"FAIL: {failure}")
print(f"{len(due)} checks, {len(failures)} failures")
sys.exit(1 if failures or not due else 0)
PYTHON
