"""From a cold page cache: each run begins with the file's pages dropped.

Whether that worked is asked of fincore: where a hundredth of the file is left, the measurement
ends. All read one copy, so all wait for the same blocks of the disk.
"""

import os
import sys

import cache
import files
import jobs
import measure
import report


def drop(path):
    cache.drop(path)
    left = int(files.run(["fincore", "--bytes", "--noheadings", "--output", "RES", path]))
    if left > os.path.getsize(path) // 100:
        sys.exit(f"bench: {left} bytes of {path} stay in the page cache")


def measure_all(args, store, sides, put):
    path = store.copy("db")
    for job in jobs.COLD:
        files.say(f"{job.name}, cold")
        words = dict(store.words(job, False), db=path)
        warm = sides(job, words, False)["ours"]
        cold = measure.Side(warm.commands, before=lambda: drop(path))
        found = measure.measure({"cold": cold}, args.runs)["cold"]
        cache.load(path)
        found_warm = measure.measure({"warm": warm}, args.runs)["warm"]
        put({"job": job.name, "size": os.path.getsize(path), "cold": found, "warm": found_warm})


def tables(rows):
    lines = [
        (row["job"], f"{row['cold']['seconds']:.3f}", f"{row['size'] / row['cold']['seconds'] / 1e9:.2f}",
         f"{row['warm']['seconds']:.3f}", report.mib(row["cold"]["own_kib"]))
        for row in rows
    ]
    return [(["cold page cache", "cold s", "GB/s", "warm s", "own MiB"], lines)]


def verdict(rows):
    seconds = {row["job"]: row["cold"]["seconds"] for row in rows}
    if "verify" not in seconds or "openssl dgst -sha256" not in seconds:
        return ""
    return f"verify takes {seconds['verify'] / seconds['openssl dgst -sha256']:.2f} of openssl's time on a cold cache"
