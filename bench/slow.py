"""From a slow reader: the file comes through a pipe at a given rate.

    ├────────── transfer: size / rate ──────────┼─ tail ─┤
    start                              end of input      exit

A throttle writes the file into the command's standard input and closes it; the tail is what the
command needs after that. Where hashing and spooling keep up with the pipe, the whole is the transfer and a tail
without the hash in it; where they do not, the end of input comes later than size / rate.
"""

import fcntl
import os
import statistics
import time

import files
import jobs
import measure
import report

PIECE = 256 * 1024
F_SETPIPE_SZ = 1031


def throttle(path, pipe, rate):
    """Sends the file at `rate` bytes a second, 0: as fast as it goes. Seconds until the last byte was taken."""
    began = time.perf_counter()
    sent = 0
    with open(path, "rb") as file:
        while True:
            due = began + sent / rate if rate else 0
            ahead = due - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            count = os.sendfile(pipe, file.fileno(), None, PIECE)
            if count == 0:
                return time.perf_counter() - began
            sent += count


def run_once(side, path, rate):
    """Seconds until the end of input and until the exit."""
    measure.clear(side)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, PIECE)
    command = side.commands[0]
    began = time.perf_counter()
    with measure.running(command, reader) as process:
        os.close(reader)
        fed = throttle(path, writer, rate)
        os.close(writer)
        _, errors = process.communicate()
        seconds = time.perf_counter() - began
    measure.check(side, process, command, errors)
    return fed, seconds


def row_of(job, side, path, rate, runs):
    times = [run_once(side, path, rate) for _ in range(max(1, runs))]
    measure.clear(side)
    size = os.path.getsize(path)
    return {
        "job": f"{job.name}, {rate // 10**6 if rate else 'no'} MB/s",
        "command": job.name,
        "rate": rate,
        "transfer": round(size / rate, 3) if rate else None,
        "fed": round(statistics.median(t[0] for t in times), 3),
        "tail": round(statistics.median(t[1] - t[0] for t in times), 3),
        "seconds": round(statistics.median(t[1] for t in times), 3),
    }


def measure_all(args, store, sides, put):
    path = store.path("db")
    os.environ["TMPDIR"] = store.scratch
    for rate in (int(word) * 10**6 for word in args.rates.split(",")):
        for job in jobs.SLOW:
            files.say(f"{job.name}, {rate // 10**6} MB/s")
            side = sides(job, store.words(job, False), False)["ours"]
            put(row_of(job, side, path, rate, args.runs))


def tables(rows):
    lines = [
        (row["command"], f"{row['rate'] / 1e6:.0f}" if row["rate"] else "unlimited",
         f"{row['transfer']:.3f}" if row["transfer"] else "", f"{row['fed']:.3f}", f"{row['tail']:.3f}",
         f"{row['seconds']:.3f}")
        for row in rows
    ]
    return [(["from a pipe", "MB/s", "transfer s", "end of input s", "tail s", "whole s"], lines)]


def verdict(rows):
    late = [row["job"] for row in rows if row["transfer"] and row["fed"] > row["transfer"] * 1.05]
    return f"did not keep up with the pipe: {', '.join(late) or 'none'}"
