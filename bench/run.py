#!/usr/bin/env python3
"""Measures snapscope: against its peers, as files grow, from a cold cache and from a slow reader.

    run.py [table] [--extra] [--ours]     each job against its peer, in turns, on a warm page cache
    run.py growth [--sizes 100M,300M,1.2G,4G] [--keys 20000000]
    run.py cold | slow [--rates 200,500,0] | limits | all
    run.py profile [--only NAME]          perf's view of each of our jobs; not part of all
    run.py show FILE [--markdown]         the tables of what --json wrote

Inputs and the peers' copies are read into the page cache from front to back (cache.py). Each command
first runs once untimed, which takes the memory; then ours and the peer's in turn (A B A B ...), and
medians are printed. Outputs go to new paths in one folder; they are removed, and the disk is synced,
before each run and outside of the timed part. Peers read a copy.
"""

import argparse
import json
import os
import sys

import cold
import files
import growth
import jobs
import limits
import measure
import profiles
import report
import slow

MODULES = {"table": report, "growth": growth, "cold": cold, "slow": slow, "limits": limits, "profile": profiles}


def environment(name, default=None):
    return os.environ.get(name, default and os.path.join(files.ROOT, default))


def add_selection(parser):
    parser.add_argument("what", nargs="?", default="table", choices=(*MODULES, "all", "show"))
    parser.add_argument("file", nargs="?", help="for show: what --json wrote")
    parser.add_argument("--only", action="append", metavar="NAME", help="this job alone; may be repeated")
    parser.add_argument("--extra", action="store_true", help="the jobs without a target, too")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="timed runs of each (default 5; 0: memory alone)")
    parser.add_argument("--sizes", default="100M,300M,1.2G,4G", help="of the files for growth ('': none)")
    parser.add_argument("--keys", type=int, default=20000000, help="small keys for growth (0: none)")
    parser.add_argument("--rates", default="200,500,0", help="of the slow reader, MB a second (0: unlimited)")
    parser.add_argument("--list", action="store_true", help="name the jobs and end")


def add_places(parser):
    parser.add_argument("--json", metavar="FILE", help="put the figures here; rows of other names stay")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--dir", default=environment("BENCH_DIR", "build/bench"),
                        help="where files are made and kept (BENCH_DIR; default build/bench)")
    parser.add_argument("--db", default=environment("BENCH_DB"),
                        help="the snapshot (BENCH_DB; default: made by make_snapshot.sh, 1.2 GB)")
    parser.add_argument("--later", default=environment("BENCH_LATER"),
                        help="one that continues it (BENCH_LATER; default: made by continue_snapshot.sh)")
    parser.add_argument("--changed", default=environment("BENCH_CHANGED"),
                        help="one with the same keys and other values (BENCH_CHANGED; default: made by make_snapshot.sh)")
    parser.add_argument("--snapscope", default=environment("SNAPSCOPE", "build/release/src/cli/snapscope"),
                        help="the program (SNAPSCOPE; default build/release/src/cli/snapscope)")
    parser.add_argument("--oracles", default=environment("ORACLES", "build/oracles"),
                        help="where tests/oracle/build.sh put the peers (ORACLES; default build/oracles)")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_selection(parser)
    add_places(parser)
    args = parser.parse_args()
    if args.runs < 0:
        parser.error("--runs is at least 0")
    if (args.file is None) == (args.what == "show"):
        parser.error("show takes a file, nothing else does")
    for name in args.only or ():
        if name not in {job.name for job in jobs.ALL}:
            parser.error(f"no job {name}; --list names them")
    return args


def chosen(args, default):
    return [job for job in jobs.ALL if job.name in args.only] if args.only else default


def filled(command, words):
    return [part.format(**words) for part in command.split()]


def sides(job, words, with_peer):
    """The two sides of a job, ready to be measured."""
    outputs = (words["out"],) if job.writes else ()
    found = {"ours": measure.Side([filled(job.ours, words)], outputs, job.codes)}
    if with_peer and job.peer:
        commands = [filled(command, words) for command in job.peer]
        found["peer"] = measure.Side(commands, (words["peer_out"],) if job.writes else ())
    return found


def measure_table(args, store, put):
    for job in chosen(args, jobs.ALL if args.extra else jobs.TABLE):
        files.say(job.name)
        row = {"job": job.name, "target": job.target, "peer_name": job.peer_name}
        words = store.words(job, not args.ours)
        row.update(measure.measure(sides(job, words, not args.ours), args.runs))
        row["size"] = sum(store.facts(role)["size"] for role in job.reads)
        row["live_keys"] = sum(store.facts(role)["live_keys"] for role in job.reads)
        row["limit_kib"] = round(report.own_limit_kib(row["live_keys"]), 1)
        store.check_inputs()
        put(row)


def measure_on_one(args, measure_section, put):
    """Runs a section that works on the one snapshot."""
    given = {"db": args.db, "later": args.later, "changed": args.changed}
    store = files.Files(args.dir, args.snapscope, args.oracles, given)
    try:
        measure_section(args, store, put)
        store.check_inputs()
    finally:
        store.close()


def measure_section(section, args):
    """All rows of a section; each is written to --json as soon as it is there."""
    rows = []

    def put(row):
        rows.append(row)
        if args.json:
            report.merge(args.json, section, [row], {"machine": report.machine(), "runs": args.runs})

    if section == "growth":
        growth.measure_all(args, chosen(args, jobs.GROWTH), sides, put)
    elif section == "table":
        measure_on_one(args, measure_table, put)
    elif section == "profile":
        which = chosen(args, jobs.TABLE + jobs.EXTRA)
        measure_on_one(args, lambda a, store, p: profiles.measure_all(a, store, sides, p, which), put)
    else:
        measure_on_one(args, lambda a, store, p: MODULES[section].measure_all(a, store, sides, p), put)
    return rows


def show(section, rows, as_markdown, machine):
    module = MODULES[section]
    shape = report.markdown if as_markdown else report.plain
    print(report.machine_line(machine), end="\n\n")
    for heads, lines in module.tables(rows):
        print(shape(heads, lines), end="\n\n")
    print(module.verdict(rows), flush=True)


def show_file(args):
    with open(args.file, encoding="utf-8") as file:
        document = json.load(file)
    for section in MODULES:
        if section in document:
            show(section, document[section], args.markdown, document["machine"])
    if "table" in document and "limits" in document:
        heads, lines = limits.distance(document["table"], document["limits"])
        print((report.markdown if args.markdown else report.plain)(heads, lines))


def main():
    args = arguments()
    if args.list:
        print("\n".join(job.name for job in jobs.ALL))
    elif args.what == "show":
        show_file(args)
    else:
        every = [section for section in MODULES if section != "profile"]
        for section in every if args.what == "all" else (args.what,):
            show(section, measure_section(section, args), args.markdown, report.machine())


if __name__ == "__main__":
    sys.exit(main())
