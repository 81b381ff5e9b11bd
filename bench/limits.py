"""How fast this machine reads, hashes and writes the file by the plainest loops (bench/limits.c), and how far each
job is from that."""

import os

import files
import jobs


def measure_all(args, store, sides, put):
    del args, sides
    command = [files.program("bench_limits"), store.path("db"), os.path.join(store.scratch, "out")]
    for line in files.run(command).decode().splitlines():
        name, rest = line[:32].strip(), line[32:].split()
        put({"job": name, "rate": float(rest[0]), "seconds": float(rest[2])})


def tables(rows):
    return [(["plainest loop", "GB/s", "seconds"], [(row["job"], f"{row['rate']:.2f}", f"{row['seconds']:.3f}") for row in rows])]


def bound(job, seconds):
    """The plainest loop that does the slowest part of a job: its name, and its seconds for all that the job reads."""
    name = max(job.bounds, key=lambda each: seconds[each])
    return name, seconds[name] * len(job.reads)


def distance(table, rows):
    """Each measured job beside its plainest loop."""
    seconds = {row["job"]: row["seconds"] for row in rows}
    known = {job.name: job for job in jobs.ALL}
    lines = []
    for row in table:
        job = known.get(row["job"])
        if job is None or not job.bounds or not set(job.bounds) <= set(seconds):
            continue
        name, least = bound(job, seconds)
        ours = row["ours"]["seconds"]
        name += ", of both files" if len(job.reads) > 1 else ""
        lines.append((row["job"], f"{ours:.3f}", name, f"{least:.3f}", f"{ours / least:.2f}"))
    return ["job", "ours s", "plainest loop", "its s", "ours in its"], lines


def verdict(rows):
    del rows
    return ""
