"""Runs one side of a comparison and takes its seconds, processor time and memory.

A side is a list of commands that run one after the other; its seconds are their sum, its memory the
largest of them. Memory is taken in a run of its own, which is not timed: VmHWM (peak RSS, with the
pages of mapped files) and the peak of RssAnon + RssShmem (own memory) of the process and its
children, read from /proc every 2 ms. The timed runs have nothing beside them but a wait.
"""

import contextlib
import dataclasses
import os
import statistics
import subprocess
import sys
import time

SAMPLE_S = 0.002


@dataclasses.dataclass
class Side:
    """Commands, what to remove before each run, and the exit codes that are answers."""

    commands: list
    outputs: tuple = ()
    codes: tuple = (0,)
    before: object = None  # called before each run, untimed


def status_kib(text, name):
    for line in text.splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def memory_of(pid):
    """Peak RSS and own memory at this moment, in KiB, of a process and all its children."""
    rss = own = 0
    pids = [pid]
    for at in pids:
        try:
            with open(f"/proc/{at}/task/{at}/children", encoding="ascii") as file:
                pids += [int(child) for child in file.read().split()]
            with open(f"/proc/{at}/status", encoding="ascii") as file:
                text = file.read()
        except OSError:
            continue
        rss += status_kib(text, "VmHWM")
        own += status_kib(text, "RssAnon") + status_kib(text, "RssShmem")
    return rss, own


def clear(side):
    """Removes what an earlier run left, and lets the disk come to rest, so that each run starts alike."""
    for path in side.outputs:
        subprocess.run(["rm", "-rf", "--", path], check=True)
    if side.outputs:
        os.sync()
    if side.before:
        side.before()


@contextlib.contextmanager
def running(command, stdin=subprocess.DEVNULL):
    """The command as a process, which does not outlive an interrupted measurement."""
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def check(side, process, command, errors):
    if process.returncode not in side.codes:
        sys.stderr.write(errors.decode(errors="replace"))
        sys.exit(f"bench: exit code {process.returncode}: {' '.join(command)}")


def processor_since(before):
    """Processor seconds of all children that ended since."""
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def time_once(side):
    """Seconds on the clock and of the processor, for one run of the side."""
    clear(side)
    seconds = processor = 0.0
    for command in side.commands:
        before, began = os.times(), time.perf_counter()
        with running(command) as process:
            _, errors = process.communicate()
            seconds += time.perf_counter() - began
        processor += processor_since(before)
        check(side, process, command, errors)
    return seconds, processor


def memory_once(side):
    """One run: peak RSS and own memory in KiB, and its times."""
    clear(side)
    rss = own = 0
    before, began = os.times(), time.perf_counter()
    for command in side.commands:
        with running(command) as process:
            os.set_blocking(process.stderr.fileno(), False)
            errors = b""
            while process.poll() is None:
                now_rss, now_own = memory_of(process.pid)
                rss, own = max(rss, now_rss), max(own, now_own)
                errors += process.stderr.read() or b""
                time.sleep(SAMPLE_S)
            errors += process.stderr.read() or b""
        check(side, process, command, errors)
    return (rss, own), (time.perf_counter() - began, processor_since(before))


def figures(times, memory):
    return {
        "seconds": round(statistics.median(t[0] for t in times), 4),
        "processor": round(statistics.median(t[1] for t in times), 4),
        "seconds_all": [round(t[0], 4) for t in times],
        "rss_kib": memory[0],
        "own_kib": memory[1],
    }


def measure(sides, runs):
    """
    Runs the sides in turn (A B A B ...), after one run of each for the memory; figures of each by name.
    With no runs that first one's times stand, although it was sampled and may have been cold.
    """
    memory, times = {}, {}
    for name, side in sides.items():
        memory[name], first = memory_once(side)
        times[name] = [] if runs else [first]
    for _ in range(runs):
        for name, side in sides.items():
            times[name].append(time_once(side))
    for side in sides.values():
        clear(side)
    return {name: figures(times[name], memory[name]) for name in sides}
