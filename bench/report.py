"""Rows as text, as Markdown and as one JSON document.

A row: job, target, ours, peer, peer_name, limit_kib. ours and peer are what measure.figures gives.
"""

import json
import os

OWN_BASE_KIB = 64 * 1024
OWN_PER_KEY = 40  # bytes

HEADS = ("job", "ours s", "CPU s", "peer", "peer s", "ratio", "at most", "", "RSS MiB", "own MiB", "at most", "")


def own_limit_kib(live_keys):
    """What a command may use of its own: 64 MiB, and 40 bytes for each live key of its inputs."""
    return OWN_BASE_KIB + live_keys * OWN_PER_KEY / 1024


def ratio(row):
    if not row.get("peer"):
        return None
    return row["ours"]["seconds"] / row["peer"]["seconds"]


def time_met(row):
    """True, False, or None where nothing is asked or the peer did not run."""
    if not row["target"] or ratio(row) is None:
        return None
    return ratio(row) <= row["target"]


def memory_met(row):
    return row["ours"]["own_kib"] <= row["limit_kib"]


def word(met):
    return {None: "", True: "met", False: "NOT MET"}[met]


def mib(kib):
    return f"{kib / 1024:.1f}"


def pair_of(row, field):
    text = mib(row["ours"][field])
    return text if not row.get("peer") else f"{text} / {mib(row['peer'][field])}"


def cells(row):
    ours, peer = row["ours"], row.get("peer")
    return (
        row["job"],
        f"{ours['seconds']:.3f}",
        f"{ours['processor']:.3f}",
        row["peer_name"] if peer else "",
        f"{peer['seconds']:.3f}" if peer else "",
        f"{ratio(row):.3f}" if peer else "",
        f"{row['target']:.2f}" if row["target"] else "",
        word(time_met(row)),
        pair_of(row, "rss_kib"),
        pair_of(row, "own_kib"),
        mib(row["limit_kib"]),
        word(memory_met(row)),
    )


def widths(rows):
    return [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]


def is_number(cell):
    return bool(cell) and cell.replace(".", "").replace(" ", "").replace("/", "").isdigit()


def plain(heads, rows):
    """Columns; what is a number stands right, and so does its head."""
    size = widths([heads, *rows])
    right = [any(is_number(row[i]) for row in rows) for i in range(len(heads))]

    def line(row):
        parts = (cell.rjust(n) if to_right else cell.ljust(n) for cell, n, to_right in zip(row, size, right))
        return "  ".join(parts).rstrip()

    return "\n".join(line(row) for row in (heads, *rows))


def markdown(heads, rows):
    def line(row):
        return "| " + " | ".join(row) + " |"

    return "\n".join([line(heads), "|" + "---|" * len(heads), *(line(row) for row in rows)])


def tables(rows):
    return [(HEADS, [cells(row) for row in rows])]


def verdict(rows):
    """One line: how many targets there are and which are not met."""
    time = [row for row in rows if time_met(row) is not None]
    missed = [f"{row['job']} (time)" for row in time if not time_met(row)]
    missed += [f"{row['job']} (memory)" for row in rows if not memory_met(row)]
    asked = len(time) + len(rows)
    return f"{asked - len(missed)} of {asked} targets met" + (": not " + ", ".join(missed) if missed else "")


def processor_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown"


def machine():
    """What the figures were taken on."""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1])
    return {
        "processor": processor_name(),
        "processors": os.cpu_count(),
        "memory_kib": memory,
        "kernel": os.uname().release,
    }


def machine_line(facts):
    gib = facts["memory_kib"] / (1 << 20)
    return f"{facts['processor']}, {facts['processors']} processors, {gib:.0f} GiB, Linux {facts['kernel']}"


def merge(path, section, rows, head):
    """Puts rows into the JSON document at path, in place of older ones of the same name."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        document = {}
    document.update(head)
    old = {row["job"]: row for row in document.get(section, [])}
    old.update({row["job"]: row for row in rows})
    document[section] = list(old.values())
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
    os.replace(path + ".part", path)
