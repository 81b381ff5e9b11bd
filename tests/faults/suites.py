"""Which faults meet which rows."""
import os
import ssl

import commands

# Of a row's allocations the first and last ENDS are failed and of those between each STEP-th, another one in
# each row. libcrypto allocates some 5000 times when it starts: every STRIDE-th of these alone is tried.
# libseccomp frees twice what it had no memory for, and is called only once there is enough: it is left out.
# The libraries that compress have few each, and all are failed.
SAMPLED, LEFT_OUT, OWN = "libcrypto", "libseccomp", "snapscope"
# From 3.2 on OpenSSL waits for itself for ever when one of the two locks that its start begins with cannot be
# had (src/util/sha256.c says why, and what helps against a heap that is full): they are among these.
STARTS_ALONE = 16 if ssl.OPENSSL_VERSION_INFO >= (3, 2) else 0
FEW = ("libzstd", "liblzma", "libz.", "libbz2", "liblz4")
ENDS, STEP, STRIDE = 40, 8, 199
# Under a sanitizer, which looks for leaks, the program's own allocations are failed: its thread start does not
# bear one, and what judge.dies_in_libarchive allows would be a report.
SANITIZED = os.environ.get("SS_FAULTS_SANITIZED") == "1"
LONG_READS = range(4, 12)  # earlier ones come before a long input is opened, later ones need not come
MOMENTS = 6  # after the last mapping, at which an input is altered

ALL = commands.rows(commands.READING, commands.PACKED, commands.WRITING, commands.REPLACING)
SMALL_WRITERS = commands.rows(commands.WRITING, commands.REPLACING)
WRITERS = commands.rows(commands.WRITING, commands.REPLACING, commands.LARGE)

READ_FAULTS = {
    "open": ("EIO", "EMFILE", "EACCES", "EINTR"),
    "look": ("EIO",),
    "read": ("EIO", "EINTR", "short"),
    "map": ("EIO", "ENOMEM", "ENODEV"),
    "thread": ("EAGAIN",),
}
WRITE_FAULTS = {
    "create": ("EIO", "ENOSPC", "EINTR", "EOPNOTSUPP"),
    "write": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "short"),
    "space": ("ENOSPC", "EINTR"),
    "sync": ("EIO", "ENOSPC", "EINTR"),
    "close": ("EIO", "EINTR"),
    "name": ("EIO", "ENOSPC"),
    "disk": ("ENOSPC+", "SIGKILL"),
}
NAMED_FAULTS = {"write": ("EIO",), "sync": ("EIO",), "close": ("EIO",), "name": ("EIO",),
                "create": ("EIO",), "disk": ("ENOSPC+", "SIGKILL")}
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
STREAMS = ("stdout full", "stdout closed", "stdout gone", "stdout head", "stderr full", "stderr closed")


def is_packed(row):
    return row in commands.rows(commands.PACKED)


def allocations(runner, row, phase):
    """The numbers of the main thread's allocations that are to fail."""
    at, every, numbers, whole = 0, os.environ.get("SS_FAULTS_EVERY") == "1", [], set()
    alone = STARTS_ALONE
    taken = (lambda module: module == OWN) if SANITIZED else lambda module: not module.startswith(LEFT_OUT)
    for module, count in runner.callers(row):
        begin = at + 1
        if module.startswith(SAMPLED):
            begin, alone = at + 1 + min(alone, count), max(alone - count, 0)
        new = [n for n in range(begin, at + count + 1) if taken(module) and
               (every or not module.startswith(SAMPLED) or n % STRIDE == phase % STRIDE)]
        numbers += new
        whole.update(new if module.startswith(FEW) else ())
        at += count
    for i, n in enumerate(numbers):
        if every or n in whole or i < ENDS or i >= len(numbers) - ENDS or i % STEP == phase % STEP:
            yield n


def thread_allocations(runner, row, phase):
    count = 0 if SANITIZED else runner.count(row, "talloc")
    return [n for n in range(1, count + 1) if n <= 2 or n == count or
            (n % STRIDE == phase % STRIDE and not 2 < n <= 2 + STARTS_ALONE)]


def memory(runner):
    for index, row in enumerate(ALL):
        for n in allocations(runner, row, index * 7):
            yield "allocations", row, f"alloc@{n}=ENOMEM"
        for n in thread_allocations(runner, row, index * 7):
            yield "allocations of a second thread", row, f"talloc@{n}=ENOMEM"


def of_table(runner, rows, table, prefix=""):
    for row in rows:
        for name, kinds in table.items():
            calls = sum(runner.count(row, of, bool(prefix)) for of in
                        (("write", "create", "space", "sync", "name") if name == "disk" else (name,)))
            for n in range(1, calls + 1):
                for kind in kinds:
                    yield f"{prefix}{name} {kind}", row, f"{prefix}{name}@{n}={kind}"


def reads(runner):
    yield from of_table(runner, ALL, READ_FAULTS)
    for row in commands.rows(commands.LONG):
        for n in LONG_READS:
            for kind in (*READ_FAULTS["read"], "shrink"):
                yield f"long read {kind}", row, f"read@{n}={kind}"


def writes(runner):
    yield from of_table(runner, WRITERS, WRITE_FAULTS)
    yield from of_table(runner, SMALL_WRITERS, NAMED_FAULTS, "named ")
    yield from of_table(runner, commands.rows(commands.PACKED),
                        {name: WRITE_FAULTS[name] for name in ("create", "write", "space")})


def streams(runner):
    for row in ALL + commands.rows(commands.LARGE):
        for stream in STREAMS:
            yield stream, row, stream
    yield from of_table(runner, ALL + commands.rows(commands.LARGE),
                        {"stdout": ("EIO", "ENOSPC", "EPIPE", "EINTR", "short")})


def signals(runner):
    yield from of_table(runner, WRITERS, {"disk": SIGNALS})
    yield from of_table(runner, SMALL_WRITERS, {"disk": SIGNALS}, "named ")
    for row in ALL:
        yield from ((f"read {kind}", row, f"read@1={kind}") for kind in SIGNALS
                    if runner.count(row, "read") > 0)


def changes(runner):
    """What comes with a mapping at each of them; a later change at MOMENTS after the last one."""
    for row in ALL:
        inputs, mappings, wholes = runner.inputs_of(row), runner.mappings(row), runner.wholes(row)
        for n in wholes:
            for page in range(min((mappings[n - 1][1] + 4095) // 4096, 8)):
                yield "dead page", row, f"map@{n}=dead/{page}"
        for n in wholes[:len(inputs)]:
            for kind in ("shrink", "grow", "change"):
                yield f"map {kind}", row, f"map@{n}={kind}"
        if not inputs or is_packed(row):
            continue
        first, last = mappings[wholes[len(inputs) - 1] - 1][0] + 1, runner.count(row, "alloc")
        moments = range(MOMENTS) if first <= last else ()
        for n in sorted({first + (last - first) * k // (MOMENTS - 1) for k in moments}):
            for kind in ("shrink", "grow", "change"):
                yield f"later {kind}", row, f"alloc@{n}={kind}"


SUITES = {"memory": memory, "reads": reads, "writes": writes, "streams": streams, "signals": signals,
          "changes": changes}


def plans(runner, suite, part, parts, thin):
    """(title, row, fault) of a suite; a part takes every parts-th row of it, of which every thin-th is run."""
    places, count = {}, 0
    for title, row, fault in SUITES[suite](runner):
        place = places.setdefault(row, len(places))
        if place % parts == part - 1:
            count += 1
            if count % thin == 0:
                yield title, row, fault
