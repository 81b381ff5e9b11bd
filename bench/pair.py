#!/usr/bin/env python3
"""Runs commands against each other in turn (A B A B ...) and prints medians, ratios and memory.

    pair.py [--runs N] [--json FILE] JOB...

A JOB is "NAME :: OURS :: PEER", two shell commands without output of interest. Each runs once before
it counts, so both find their input in the page cache. RSS counts mapped files; own memory (RssAnon)
is sampled from /proc every 5 ms. Exit 1 when a command fails.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time


def own_memory(pid):
    """RssAnon of a process and its children, in KiB."""
    total = 0
    pids = [str(pid)]
    for at in pids:
        try:
            with open(f"/proc/{at}/task/{at}/children", encoding="ascii") as file:
                pids += file.read().split()
            with open(f"/proc/{at}/status", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("RssAnon"))
        except OSError:
            pass
    return total


def run_once(command):
    """Seconds, peak RSS and peak own memory in KiB of one run."""
    peak = 0
    ended = threading.Event()
    start = time.perf_counter()
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], stdout=subprocess.DEVNULL)

    def sample():
        nonlocal peak
        while not ended.wait(0.005):
            peak = max(peak, own_memory(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    ended.set()
    sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"pair.py: exit code {process.returncode}: {command}")
    return seconds, usage.ru_maxrss, peak


def run_pair(ours, peer, runs):
    results = {"ours": [], "peer": []}
    run_once(ours)
    run_once(peer)
    for _ in range(runs):
        results["ours"].append(run_once(ours))
        results["peer"].append(run_once(peer))
    return results


def summary(name, results):
    row = {"job": name}
    for side, figures in results.items():
        row[side] = {
            "seconds": round(statistics.median(f[0] for f in figures), 4),
            "seconds_all": [round(f[0], 4) for f in figures],
            "rss_kib": max(f[1] for f in figures),
            "own_kib": max(f[2] for f in figures),
        }
    row["ratio"] = round(row["ours"]["seconds"] / row["peer"]["seconds"], 4)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", help="write the figures of all runs here")
    parser.add_argument("jobs", nargs="+", metavar="NAME :: OURS :: PEER")
    args = parser.parse_args()
    rows = []
    print(f"{'job':24} {'ours s':>8} {'peer s':>8} {'ratio':>7} {'RSS MiB':>16} {'own MiB':>16}")
    for job in args.jobs:
        name, ours, peer = (part.strip() for part in job.split(" :: "))
        row = summary(name, run_pair(ours, peer, args.runs))
        rows.append(row)
        a, b = row["ours"], row["peer"]
        print(
            f"{name:24} {a['seconds']:8.3f} {b['seconds']:8.3f} {row['ratio']:7.3f}"
            f" {a['rss_kib'] / 1024:7.1f} {b['rss_kib'] / 1024:8.1f}"
            f" {a['own_kib'] / 1024:7.1f} {b['own_kib'] / 1024:8.1f}",
            flush=True,
        )
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)
            file.write("\n")


main()
