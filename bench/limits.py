"""What no command can beat: how fast this machine reads and hashes the file (bench/limits.c)."""

import files


def measure_all(args, store, sides, put):
    del args, sides
    text = files.run([files.program("bench_limits"), store.path("db")]).decode()
    for line in text.splitlines():
        name, rest = line[:32].strip(), line[32:].split()
        put({"job": name, "rate": float(rest[0]), "seconds": float(rest[2])})


def tables(rows):
    return [(["limit", "GB/s", "seconds"], [(row["job"], f"{row['rate']:.2f}", f"{row['seconds']:.3f}") for row in rows])]


def verdict(rows):
    del rows
    return ""
