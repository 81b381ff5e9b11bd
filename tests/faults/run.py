"""Runs commands of snapscope while something fails under them, and holds each run to what is promised.

    run.py SUITE [PART/PARTS]     memory, reads, writes, streams, signals or changes
    run.py --one ROW FAULT        one run of a line of commands.py, shown
    run.py --table                whether each command has its rows in commands.py; runs none of them
    run.py --summary              how many faults meet each command, by suite; runs none of them

SNAPSCOPE is the program, SS_FAULT_SHIM the library of fault.c, SS_SOURCE_DIR the source folder.
SS_FAULTS_THIN=N runs every N-th fault only; SS_FAULTS_EVERY=1 fails each allocation, not a sample of them;
SS_FAULTS_SANITIZED=1 leaves out what a sanitizer does not bear. README.md says what is promised.
"""
import collections
import os
import pathlib
import shutil
import sys
import tempfile

import commands
import judge
import suites
from runner import Failure, Runner

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import program

SHOWN = int(os.environ.get("SHOWN", "25"))


def check_table():
    """Every command has a row, and one with --json; one that takes an output has rows that make it."""
    listed = program.commands(os.environ["SNAPSCOPE"])
    if len(listed) < 19:
        raise Failure(f"help --json lists {len(listed)} commands only")
    reading = [command_of(row) for row in commands.rows(commands.READING)]
    writing = [command_of(row) for row in commands.rows(commands.WRITING)]
    both = commands.rows(commands.READING, commands.WRITING)
    for command in listed:
        name, options = command["name"], {option["name"] for option in command["options"]}
        if name not in reading + writing:
            raise Failure(f"commands.py has no row for {name}")
        if not any(command_of(row) == name and "--json" in row for row in both):
            raise Failure(f"commands.py has no row for {name} --json")
        if bool(options & {"output", "data-dir"}) != (name in writing):
            raise Failure(f"commands.py has no writing row for {name}, or one too many")


def command_of(row):
    return row.split(" | ")[-1].split()[0]


def repeat(row, fault):
    variables = " ".join(f"{name}={os.environ[name]}"
                         for name in ("SNAPSCOPE", "SS_FAULT_SHIM", "SS_SOURCE_DIR"))
    return f"{variables} python3 {os.path.abspath(__file__)} --one {row!r} {fault!r}"


def run_suite(runner, suite, part, parts):
    """Each fault of the suite; prints what came of them, by title."""
    thin = int(os.environ.get("SS_FAULTS_THIN", "1"))
    outcomes, failures, commands_seen = collections.Counter(), 0, set()
    for title, row, fault in suites.plans(runner, suite, part, parts, thin):
        commands_seen.add(command_of(row))
        try:
            verdict = judge.check(runner, row, fault)
        except Failure as failure:
            verdict, failures = "FAILED", failures + 1
            if failures <= SHOWN:
                print(f"FAIL {row}\n     {fault}: {failure}\n     {repeat(row, fault)}", flush=True)
        outcomes[title, verdict] += 1
    if thin > 1:
        print(f"thinned: one fault in {thin}")
    for title in dict.fromkeys(title for title, _ in outcomes):
        found = {verdict: count for (of, verdict), count in outcomes.items() if of == title}
        print(f"  {title}: {', '.join(f'{count} {verdict}' for verdict, count in found.items())}")
        if thin == 1 and judge.must_show(title) and not set(found) - set(judge.NO_EFFECT):
            failures += 1
            print(f"FAIL {title}: none of these faults had an effect")
    runner.check_contents()
    total = sum(outcomes.values())
    print(f"{suite}: {total} faults in {len(commands_seen)} commands, {failures} failures")
    return 1 if failures or total == 0 else 0


def summary(runner):
    """A Markdown table: faults by command and suite."""
    counts = collections.Counter()
    for suite in suites.SUITES:
        for _, row, _ in suites.plans(runner, suite, 1, 1, 1):
            counts[command_of(row), suite] += 1
    print("| command | rows |", " | ".join(suites.SUITES), "| all |")
    print("|---|" + "---|" * (len(suites.SUITES) + 2))
    rows = suites.ALL + commands.rows(commands.LARGE)
    for name in program.names(runner.program) + ["all"]:
        of = [command for command in {command_of(row) for row in rows} if name in (command, "all")]
        figures = [sum(counts[command, suite] for command in of) for suite in suites.SUITES]
        lines = sum(command_of(row) in of for row in rows)
        print(f"| {name} | {lines} |", " | ".join(map(str, figures)), f"| {sum(figures)} |")
    return 0


def run_one(runner, row, fault):
    base, got = runner.base(row, judge.is_named(fault)), runner.run(row, fault)
    print(f"exit {got.code}, without the fault {base.code}; met by: {got.hit}")
    print(f"at/: {got.tree}; without the fault {base.tree}")
    print(f"--- stdout\n{got.out[:4000].decode(errors='replace')}")
    print(f"--- stderr\n{got.err.decode(errors='replace')}", flush=True)
    print(judge.check(runner, row, fault))
    return 0


def main(args):
    if len(args) not in (1, 2, 3) or (args[0] == "--one") != (len(args) == 3) or (
            args[0] not in (*suites.SUITES, "--one", "--table", "--summary")):
        sys.exit(__doc__)
    if args[0] != "--one":
        check_table()
    if args[0] == "--table":
        return 0
    missing = [tool for tool in ("bsdtar", "zstd") if shutil.which(tool) is None]
    if missing:
        needed = os.environ.get("CI") == "true"
        print(f"{'FAIL' if needed else 'skipped'}: {', '.join(missing)} not installed")
        return 1 if needed else 77
    with tempfile.TemporaryDirectory(dir=os.environ.get("SS_SCRATCH")) as folder:
        runner = Runner(folder)
        if args[0] == "--one":
            return run_one(runner, args[1], args[2])
        if args[0] == "--summary":
            return summary(runner)
        part, parts = (int(n) for n in args[1].split("/")) if len(args) == 2 else (1, 1)
        return run_suite(runner, args[0], part, parts)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as error:
        sys.exit(f"FAIL {error}")
