"""How the cost of each command grows: with the file's size, and with the number of keys."""

import os

import files
import jobs
import measure
import report

# bench/make_snapshot.sh gives 1.24 GB for 300,000 keys.
BYTES_PER_KEY = 4135
LINEAR = 0.75  # the largest file is read at this part of the second smallest's speed, or faster


def size_of(text):
    """100M, 1.2G: in bytes."""
    factor = {"M": 10**6, "G": 10**9}[text[-1]]
    return int(float(text[:-1]) * factor)


def stores(args):
    """A name and a maker of files for each size, then for the many small keys."""
    for text in filter(None, args.sizes.split(",")):
        keys = size_of(text) // BYTES_PER_KEY
        yield text, ("make_snapshot.sh", "{}", str(keys))
    if args.keys:
        yield f"{args.keys} keys", ("bench_synth", "{}", str(args.keys), "1", "30")


def store_of(args, name, make):
    """`other` is what it is compared with: the same, by bbolt, in other pages."""
    folder = os.path.join(args.dir, name.replace(" ", "-"))
    store = files.Files(folder, args.snapscope, args.oracles, make=make)
    store.given["later"] = store.path("db")
    return store


def row_of(job, name, store, side, runs):
    facts = store.facts("db")
    live_keys = len(job.reads) * facts["live_keys"]
    found = measure.measure({"ours": side}, runs)["ours"]
    return {
        "job": f"{job.name}, {name}",
        "command": job.name,
        "file": name,
        "size": facts["size"] * len(job.reads),
        "live_keys": live_keys,
        "limit_kib": round(report.own_limit_kib(live_keys), 1),
        "ours": found,
    }


def measure_all(args, chosen, sides, put):
    """Measures each chosen job on each file, and puts each row."""
    for name, make in stores(args):
        store = store_of(args, name, make)
        try:
            for job in chosen:
                files.say(f"{job.name}, {name}")
                side = sides(job, store.words(job, False), False)["ours"]
                put(row_of(job, name, store, side, args.runs))
                store.check_inputs()
        finally:
            store.close()


def speed(row):
    """GB a second."""
    return row["size"] / row["ours"]["seconds"] / 1e9


def linear(rows):
    """Whether the largest file is read about as fast as the second smallest; rows by size."""
    if len(rows) < 3:
        return None
    return speed(rows[-1]) >= LINEAR * speed(rows[1])


def by_command(rows):
    found = {}
    for row in rows:
        found.setdefault(row["command"], []).append(row)
    return found


def names_of(rows):
    return list(dict.fromkeys(row["file"] for row in rows))


def cell_of(rows, name, text):
    return next((text(row) for row in rows if row["file"] == name), "")


def per_key(row):
    """Bytes of own memory a live key, beyond the 64 MiB that any command may use: none below."""
    return max(0.0, row["ours"]["own_kib"] - report.OWN_BASE_KIB) * 1024 / max(1, row["live_keys"])


def time_table(rows):
    names = names_of(rows)
    lines = []
    for command, own in by_command(rows).items():
        cells = [cell_of(own, name, lambda row: f"{row['ours']['seconds']:.3f} ({speed(row):.2f})") for name in names]
        sized = sorted((row for row in own if "keys" not in row["file"]), key=lambda row: row["size"])
        lines.append([command, *cells, {None: "", True: "yes", False: "NO"}[linear(sized)]])
    return ["seconds (GB/s)", *names, "linear"], lines


def memory_table(rows):
    names = names_of(rows)
    lines = []
    for command, own in by_command(rows).items():
        cells = [cell_of(own, name, lambda row: report.mib(row["ours"]["own_kib"])) for name in names]
        most = max(own, key=lambda row: row["live_keys"])
        plain = f"{most['ours']['own_kib'] * 1024 / max(1, most['live_keys']):.1f}"
        lines.append([command, *cells, plain, report.mib(most["limit_kib"]),
                      report.word(all(report.memory_met(row) for row in own))])
    return ["own memory, MiB", *names, "B a live key", "at most", ""], lines


def tables(rows):
    return [time_table(rows), memory_table(rows)]


def verdict(rows):
    missed = [command for command, own in by_command(rows).items()
              if linear(sorted((r for r in own if "keys" not in r["file"]), key=lambda r: r["size"])) is False]
    over = [row["job"] for row in rows if not report.memory_met(row)]
    return (f"slower on the largest file: {', '.join(missed) or 'none'}; "
            f"over the memory limit: {', '.join(over) or 'none'}")
