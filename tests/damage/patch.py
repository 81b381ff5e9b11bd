#!/usr/bin/env python3
"""Breaks a sound database file as a case file says.

    patch.py apply CASE SEED OUT    writes the damaged file
    patch.py expect CASE SEED       prints the case's expectations, resolved, as JSON
    patch.py list                   name, seed and story of every case

CASE is a path or a name in cases/. SEED is a file (.zst is unpacked), or the testdata folder, in
which the case's own seed is then found. The language is described in README.md and spec.py.
"""
import json
import pathlib
import subprocess
import sys

import bolt
import spec

HERE = pathlib.Path(__file__).resolve().parent


def find_case(name):
    path = pathlib.Path(name)
    return spec.Case(path if path.suffix == ".case" else HERE / "cases" / f"{name}.case")


def seed_file(case, where):
    where = pathlib.Path(where)
    if not where.is_dir():
        return where
    found = sorted((where / case.seed).glob("*.db.zst"))
    if len(found) != 1:
        raise spec.SpecError(f"{case.name}: {where / case.seed} holds {len(found)} seeds, due one")
    return found[0]


def read_seed(path):
    if path.suffix != ".zst":
        return path.read_bytes()
    return subprocess.run(["zstd", "-dcq", str(path)], check=True, stdout=subprocess.PIPE).stdout


def run_case(name, seed):
    case = find_case(name)
    return case, case.run(read_seed(seed_file(case, seed)))


def main(args):
    if args[:1] == ["list"] and len(args) == 1:
        for path in sorted((HERE / "cases").glob("*.case")):
            case = spec.Case(path)
            print(f"{case.name}\t{case.seed}\t{' '.join(case.story)}")
    elif args[:1] == ["apply"] and len(args) == 4:
        _, data = run_case(args[1], args[2])
        pathlib.Path(args[3]).write_bytes(data)
    elif args[:1] == ["expect"] and len(args) == 3:
        case, data = run_case(args[1], args[2])
        print(json.dumps({"case": case.name, "size": len(data), "expect": case.expects}, indent=1))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (spec.SpecError, bolt.BoltError, OSError) as error:
        print(f"patch.py: {error}", file=sys.stderr)
        sys.exit(1)
