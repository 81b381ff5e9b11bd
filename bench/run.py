#!/usr/bin/env python3
"""Measures snapscope against its peers, in turns on a warm page cache.

    run.py [table] [--only NAME]... [--extra] [--ours] [--runs N] [--db FILE] [--json FILE]
    run.py show FILE [--markdown]       the table of what --json wrote

Each job and its peer first run once untimed, which warms the page cache and takes the memory, then in
turn (A B A B ...); medians are printed. Outputs of both go to new paths in one folder, where they are
removed, and the disk is synced, before each run and outside of the timed part.
"""

import argparse
import json
import os
import sys

import files
import jobs
import measure
import report


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="table", choices=("table", "show"))
    parser.add_argument("file", nargs="?", help="for show: what --json wrote")
    parser.add_argument("--only", action="append", metavar="NAME", help="this job alone; may be repeated")
    parser.add_argument("--extra", action="store_true", help="the jobs without a target, too")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="timed runs of each (default 5)")
    parser.add_argument("--list", action="store_true", help="name the jobs and end")
    parser.add_argument("--json", metavar="FILE", help="put the figures here; jobs of other names stay")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--dir", default=os.environ.get("BENCH_DIR", os.path.join(files.ROOT, "build/bench")),
                        help="where files are made and kept (BENCH_DIR; default build/bench)")
    parser.add_argument("--db", default=os.environ.get("BENCH_DB"),
                        help="the snapshot (BENCH_DB; default: made by make_snapshot.sh, 1.2 GB)")
    parser.add_argument("--later", default=os.environ.get("BENCH_LATER"),
                        help="one that continues it (BENCH_LATER; default: made by continue_snapshot.sh)")
    parser.add_argument("--snapscope", default=os.environ.get(
        "SNAPSCOPE", os.path.join(files.ROOT, "build/release/src/cli/snapscope")),
        help="the program (SNAPSCOPE; default build/release/src/cli/snapscope)")
    parser.add_argument("--oracles", default=os.environ.get("ORACLES", os.path.join(files.ROOT, "build/oracles")),
                        help="where tests/oracle/build.sh put the peers (ORACLES; default build/oracles)")
    return parser.parse_args()


def chosen(args):
    """The jobs to run: named ones, or the table, or all."""
    if not args.only:
        return jobs.ALL if args.extra else jobs.TABLE
    by_name = {job.name: job for job in jobs.ALL}
    for name in args.only:
        if name not in by_name:
            sys.exit(f"bench: no job {name}; --list names them")
    return [by_name[name] for name in args.only]


def filled(command, words):
    return [part.format(**words) for part in command.split()]


def sides(job, words, with_peer):
    """The two sides of a job, ready to be measured."""
    def outputs(word):
        return (words[word],) if job.writes else ()

    found = {"ours": measure.Side([filled(job.ours, words)], outputs("out"), job.codes)}
    if with_peer and job.peer:
        commands = [filled(command, words) for command in job.peer]
        found["peer"] = measure.Side(commands, outputs("peer_out") if "peer_out" in words else ())
    return found


def row_of(job, store, args):
    with_peer = not args.ours
    words = store.words(job, with_peer)
    row = {"job": job.name, "target": job.target, "peer_name": job.peer_name}
    row.update(measure.measure(sides(job, words, with_peer), args.runs))
    live_keys = sum(store.facts(role)["live_keys"] for role in job.reads)
    row["limit_kib"] = round(report.own_limit_kib(live_keys), 1)
    store.check_inputs()
    return row


def show(rows, as_markdown):
    table = report.markdown if as_markdown else report.plain
    print(table(report.HEADS, [report.cells(row) for row in rows]))
    print()
    print(report.verdict(rows))


def measure_table(args, store):
    facts = store.facts("db")
    head = {"machine": report.machine(), "runs": args.runs, "file": {k: facts[k] for k in
            ("size", "live_keys", "records")}}
    rows = []
    for job in chosen(args):
        files.say(job.name)
        rows.append(row_of(job, store, args))
        if args.json:
            report.merge(args.json, "table", rows[-1:], head)
    show(rows, args.markdown)


def main():
    args = arguments()
    if args.list:
        print("\n".join(job.name for job in jobs.ALL))
    elif args.what == "show":
        with open(args.file, encoding="utf-8") as file:
            show(json.load(file)["table"], args.markdown)
    else:
        store = files.Files(args.dir, args.snapscope, args.oracles, args.db, args.later)
        try:
            measure_table(args, store)
        finally:
            store.close()


main()
