#!/usr/bin/env python3
"""Tables from libFuzzer's logs.

fuzz_report.py LOGS [CORPUS]     a row for each LOGS/TARGET.log: all its runs added up. With CORPUS the
                                 coverage build replays CORPUS/TARGET, seeds and regressions, and two more
                                 columns say how many lines of the library that executes
fuzz_report.py --line TARGET     one line of text from a log on standard input
"""
import json
import os
import pathlib
import re
import subprocess
import sys

DONE = re.compile(r"^Done (\d+) runs in (\d+) second")
UNITS = re.compile(r"^stat::number_of_executed_units: (\d+)")
RATE = re.compile(r"^stat::average_exec_per_sec: +(\d+)")
COVERAGE = re.compile(r"^#\d+\s+\S+\s+cov: (\d+) ft: (\d+) corp: (\d+)/")
LAYERS = ("parser", "etcd", "verify", "writer")


class Log:
    def __init__(self, lines):
        self.runs = self.seconds = self.edges = self.features = self.inputs = self.found = 0
        units = 0  # of a run that did not say "Done", as one that found something
        for line in lines:
            if done := DONE.match(line):
                self.runs += int(done[1])
                self.seconds += int(done[2])
                units = None
            elif units is not None and (executed := UNITS.match(line)):
                units = int(executed[1])
            elif units is not None and (rate := RATE.match(line)):
                self.runs += units
                self.seconds += units // max(int(rate[1]), 1)
            elif line.startswith("INFO: Seed:"):
                units = 0
            elif state := COVERAGE.match(line):
                self.edges, self.features, self.inputs = (int(n) for n in state.groups())
            elif "Test unit written to" in line and "/slow-unit-" not in line:
                self.found += 1


def duration(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def replay(target, corpus):
    """Runs a target's inputs in the coverage build; lines executed and in all, by file."""
    build = pathlib.Path("build/coverage")
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    folders = [str(f) for f in (corpus / target, pathlib.Path("fuzz/seeds", target),
                                pathlib.Path("fuzz/regressions", target)) if f.is_dir()]
    # A fuzzer at work removes inputs that it has found smaller ones for: exit 1 is no failure.
    code = subprocess.run([build / "fuzz" / f"fuzz_{target}_replay", *folders],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    if code not in (0, 1):
        raise SystemExit(f"replay of {target} ended with {code}")
    out = subprocess.run(["gcovr", "--root", ".", "--object-directory", str(build), "--filter",
                          "src/", "--filter", f"{build}/layers/", "--json"], check=True,
                         stdout=subprocess.PIPE).stdout
    lines = {}
    for file in json.loads(out)["files"]:
        path = os.path.relpath(os.path.realpath(file["file"]))
        for line in file["lines"]:
            if line.get("gcovr/noncode"):
                continue
            key = (path, line["line_number"])
            lines[key] = lines.get(key, False) or line["count"] > 0
    return lines


def share(lines, layer):
    mine = [hit for (path, _), hit in lines.items() if path.startswith(f"src/{layer}/")]
    return f"{sum(mine)} of {len(mine)} ({100 * sum(mine) / max(len(mine), 1):.1f} %)"


def report(logs, corpus):
    head = ["target", "executions", "time", "per second", "edges", "inputs kept", "found"]
    print("| " + " | ".join(head + (["lines executed"] if corpus else [])) + " |")
    print("|---" * (len(head) + bool(corpus)) + "|")
    union = {}
    if corpus:
        subprocess.run(["cmake", "--preset", "coverage"], check=True, stdout=subprocess.DEVNULL)
        programs = [f"fuzz_{path.stem}_replay" for path in sorted(logs.glob("*.log"))]
        subprocess.run(["cmake", "--build", "--preset", "coverage", "--target", *programs],
                       check=True, stdout=subprocess.DEVNULL)
    for path in sorted(logs.glob("*.log")):
        with open(path, encoding="utf-8", errors="replace") as file:
            log = Log(file)
        row = [path.stem, f"{log.runs:,}", duration(log.seconds),
               f"{log.runs / max(log.seconds, 1):,.0f}", str(log.edges), f"{log.inputs:,}",
               str(log.found)]
        if corpus:
            lines = replay(path.stem, corpus)
            row.append(str(sum(lines.values())))
            for key, hit in lines.items():
                union[key] = union.get(key, False) or hit
        print("| " + " | ".join(row) + " |", flush=True)
    if corpus:
        print("\n| folder | lines executed by all targets together |\n|---|---|")
        for layer in LAYERS:
            print(f"| src/{layer} | {share(union, layer)} |")


def main(words):
    if len(words) == 2 and words[0] == "--line":
        log = Log(sys.stdin)
        print(f"{words[1]}: {log.runs} executions in {log.seconds} s, {log.edges} edges, "
              f"{log.features} features, {log.inputs} inputs kept")
    elif 1 <= len(words) <= 2 and not words[0].startswith("-"):
        report(pathlib.Path(words[0]), pathlib.Path(words[1]) if len(words) == 2 else None)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


sys.exit(main(sys.argv[1:]))
