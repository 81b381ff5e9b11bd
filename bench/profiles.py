"""Where the processor's time of each job goes: perf's samples, by function.

perf record takes a sample each millisecond of processor time, of all threads, in the kernel too where it
may (perf_event_paranoid). The kernel's functions are summed: page faults, reading and writing. So are those
of a library without symbols: [libcrypto.so.3] is SHA-256.
"""

import os
import re
import shutil
import sys

import files
import measure

TOP = 6
LINE = re.compile(r"^\s*(\d+\.\d+)%\s+(\S+)\s+\[(.)\]\s+(.*?)\s*$")


def parse(text):
    """(percent, function) of perf report's lines, the largest first."""
    shares = {}
    for line in text.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        percent, library, ring, symbol = found.groups()
        name = f"[{library}]" if symbol.startswith("0x") else symbol.split(".")[0]
        name = "[kernel]" if ring == "k" else name
        shares[name] = shares.get(name, 0.0) + float(percent)
    return sorted(((round(share, 1), name) for name, share in shares.items()), reverse=True)


def record(side, data):
    """One run under perf; the samples of all its functions."""
    measure.clear(side)
    command = ["perf", "record", "-q", "-F", "999", "-e", "cpu-clock", "-o", data, "--", *side.commands[0]]
    with measure.running(command) as process:
        _, errors = process.communicate()
    measure.check(side, process, command, errors)
    measure.clear(side)
    return parse(files.run(["perf", "report", "-q", "--stdio", "--no-children", "-i", data,
                            "-F", "overhead,dso,sym"]).decode())


def measure_all(args, store, sides, put, chosen):
    if shutil.which("perf") is None:
        sys.exit("bench: no perf: scripts/deps.sh bench installs it")
    for job in chosen:
        files.say(f"{job.name}, profile")
        side = sides(job, store.words(job, False), False)["ours"]
        measure.time_once(side)
        put({"job": job.name, "functions": record(side, os.path.join(store.scratch, "perf.data"))[:TOP]})


def tables(rows):
    lines = [(row["job"], ", ".join(f"{name} {share:.0f} %" for share, name in row["functions"])) for row in rows]
    return [(["job", "where its processor time goes"], lines)]


def verdict(rows):
    del rows
    return ""
