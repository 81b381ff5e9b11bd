#!/usr/bin/env python3
"""How many small faults of a source folder do the tests see?

    mutants.py FOLDER... [--count N] [--seed S] [--work DIR] [--tests REGEX] [--cli]

Copies the tracked files to DIR, builds them there, and makes N changes of one token, one at a time, in the .c
and .h files of the folders (parser, verify, etcd, restore, writer, diff; of src/): a comparison by its
neighbour, && by ||, + by -, a number by the next, true by false, a negation left out. Each is built, and the
unit tests and the damaged files run over it (with --cli the command tests as well) until one fails. A change
that does not compile is drawn again. Prints a line a change, then those that lived, as file, line, was and now.

The same seed makes the same changes to the same source. Exit 1 when one lived, 2 when the source as it is fails.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
         "+": "-", "-": "+", "true": "false", "false": "true", "!": ""}
# Comments, strings, characters and preprocessor lines go by whole; `->` and the like are no operators here.
TOKENS = re.compile(r"""(?P<skip>/\*.*?\*/|//[^\n]*|^\s*\#(?:[^\n\\]|\\.|\\\n)*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'
                        |->|\+\+|--|\+=|-=|<<=?|>>=?|\w*0[xX][0-9a-fA-F]+\w*)
                        |(?P<op>&&|\|\||[<>=!]=|(?<=\s)[<>+-](?=\s)|!(?=[\w(]))
                        |(?P<word>\b(?:true|false)\b)
                        |(?P<number>(?<![\w.])\d+(?=u?\b))""", re.S | re.M | re.X)
TIMEOUT = 900


def places(path):
    """(start, end, replacement) of every token that can be changed."""
    found = []
    for match in TOKENS.finditer(path.read_text()):
        if match.lastgroup in ("op", "word"):
            found.append((match.start(), match.end(), SWAPS[match.group()]))
        elif match.lastgroup == "number":
            found.append((match.start(), match.end(), str(int(match.group()) + 1)))
    return found


def run(args, folder, env):
    """True when it ends well and in time."""
    try:
        done = subprocess.run(args, cwd=folder, env=env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def copy_source(work):
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, work / name)


class Tests:
    def __init__(self, work, options):
        self.work, self.options = work, options
        self.env = dict(os.environ, SS_SOURCE_DIR=str(work))

    def build(self):
        return run(["cmake", "--build", "--preset", "dev"], self.work, self.env)

    def caught_by(self):
        """The first group of tests that fails; None: all pass."""
        ctest = ["ctest", "--preset", "dev", "-j2", "--stop-on-failure", "-R"]
        if not run([*ctest, self.options.tests], self.work, self.env):
            return "unit"
        if not run([*ctest, "^damage$"], self.work, self.env):
            return "damage"
        if self.options.cli and not run([*ctest, "^cli_"], self.work, self.env):
            return "cli"
        return None


def mutate(tests, path, place):
    """None: it does not compile; else who caught it, or "lived"."""
    source = path.read_text()
    start, end, now = place
    path.write_text(source[:start] + now + source[end:])
    try:
        if not tests.build():
            return None
        return tests.caught_by() or "lived"
    finally:
        path.write_text(source)


def describe(work, path, place):
    source = path.read_text()
    start, end, now = place
    line = source.count("\n", 0, start) + 1
    text = source[source.rfind("\n", 0, start) + 1:source.find("\n", end)].strip()
    return f"{path.relative_to(work)}:{line}: {source[start:end]} -> {now or 'nothing'}: {text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work")
    parser.add_argument("--tests", default="^unit_", help="which ctest tests count as unit tests")
    parser.add_argument("--cli", action="store_true")
    options = parser.parse_args()
    work = pathlib.Path(options.work or tempfile.mkdtemp(prefix="mutants-")).resolve()
    copy_source(work)
    tests = Tests(work, options)
    configured = run(["cmake", "--preset", "dev"], work, tests.env)
    if not configured or not tests.build() or tests.caught_by() is not None:
        print("the source as it is does not build, or fails its tests", file=sys.stderr)
        return 2
    all_places = [(path, place) for folder in options.folders
                  for path in sorted((work / "src" / folder).glob("*.[ch]"))
                  for place in places(path)]
    random.Random(options.seed).shuffle(all_places)
    counts, lived = {}, []
    for path, place in all_places:
        if sum(counts.values()) == options.count:
            break
        what = describe(work, path, place)
        result = mutate(tests, path, place)
        if result is None:
            continue
        counts[result] = counts.get(result, 0) + 1
        print(f"{result:7} {what}", flush=True)
        if result == "lived":
            lived.append(what)
    total = sum(counts.values())
    print(f"{total} changes, {total - len(lived)} caught: "
          + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    for what in lived:
        print(f"LIVED {what}")
    return 1 if lived or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
