"""What is promised of a run with a fault, held against one."""
import dataclasses
import errno
import json
import os
import signal

from runner import Failure

import commands

LIBARCHIVE = "Fatal Internal Error in libarchive: "  # printed before it calls exit
SANITIZER_WORDS = (b"Sanitizer", b"runtime error:")
# Lines that may stand beside the one that says what failed.
BESIDE = ("nothing was written", "what was written is not the whole", "what was printed is not the whole",
          "snapscope: try: ", LIBARCHIVE, "the history above ends", "the list above ends",
          "further faults are not listed")
OUT_OF_MEMORY = ("out of memory", os.strerror(errno.ENOMEM), "not enough memory")  # the last one is zstd's
WRITTEN_TO = "was written to while it was read"
CUT = "shrank or its disk failed while it was read"
MUST_BE_SAME = ("EINTR", "short")
ALTERING = ("shrink", "grow", "change")


def is_named(fault):
    return fault.startswith("named ")


def kind_of(fault):
    return fault.rpartition("=")[2].rstrip("+").partition("/")[0]


def class_of(fault):
    return fault.removeprefix("named ").partition("@")[0]


def started_tree(row):
    return (commands.OLD,) if row in commands.rows(commands.REPLACING) else ()


def is_untouched(row, tree):
    """Nothing is at the destination that was not there before the run."""
    if row in commands.rows(commands.REPLACING):
        return list(tree) == ["out"] and tree["out"][0] == len(commands.OLD)
    return not tree


def check_streams(base, got):
    """What holds of every run: printable lines that begin with the program's name, no report of a sanitizer."""
    if any(word in got.err for word in SANITIZER_WORDS):
        raise Failure(f"sanitizer report\n{got.err.decode(errors='replace')[:3000]}")
    known = base.err.decode().splitlines()
    for line in got.err.decode(errors="backslashreplace").splitlines():
        ours = line.startswith(("snapscope: ", LIBARCHIVE)) and line.isprintable()
        if line not in known and not ours:
            raise Failure(f"a line on standard error: {line!r}")


def added_lines(base, got):
    """Lines on standard error that the run without a fault did not print, notes aside."""
    known = base.err.decode().splitlines()
    lines = [line for line in got.err.decode().splitlines() if line not in known]
    return [line for line in lines if not any(words in line for words in BESIDE)]


def check_left(row, base, got):
    """The destination is as it was, or holds the whole; TMPDIR is empty."""
    if row.startswith("verify") and got.whole_report:
        got.tree = base.tree  # of what failed: it is no part, but says so
    if got.left:
        raise Failure(f"left in TMPDIR: {got.left}")
    if not is_untouched(row, got.tree) and got.tree != base.tree:
        raise Failure(f"at the destination: {got.tree}, due nothing or {base.tree}")


def has_error(value):
    """Whether a JSON value says anywhere that it is not the answer."""
    if isinstance(value, list):
        return any(map(has_error, value))
    if not isinstance(value, dict):
        return False
    return "error" in value or value.get("complete") is False or any(map(has_error, value.values()))


def check_json(row, base, got):
    """A document that a failed run printed does not look like an answer, unless it is the whole one."""
    if "--json" not in row or got.out == base.out:
        return
    try:
        document = json.loads(got.out)
    except ValueError:
        return
    if not has_error(document):
        raise Failure(f"a JSON document without an error: {got.out[:300]!r}")


def is_same(base, got):
    return (got.code, got.out, got.tree) == (base.code, base.out, base.tree)


def is_without_reader(row, base, got):
    """The reader left, and it was only the report that he missed: what was to be made is there, code 0."""
    made = base.tree and not is_untouched(row, base.tree)
    return made and (got.code, got.tree) == (base.code, base.tree) and not added_lines(base, got)


def check_same(base, got):
    """As without the fault, to the byte."""
    if got.code != base.code:
        raise Failure(f"exit {got.code}, due {base.code}\n{got.err.decode()[:1000]}")
    if got.out != base.out:
        raise Failure(f"other bytes on standard output: {len(got.out)}, due {len(base.out)}")
    if got.tree != base.tree:
        raise Failure(f"made {got.tree}, due {base.tree}")
    if got.err != base.err:
        raise Failure(f"on standard error: {got.err.decode()[:1000]!r}")
    return "as without"


def check_failed(row, base, got, words, codes=(4,), silent=False):
    """A documented exit code and one line that says why, with one of `words`."""
    if got.code not in codes:
        raise Failure(f"exit {got.code}, due {' or '.join(map(str, codes))}\n{got.err.decode()[:1000]}")
    lines = added_lines(base, got)
    several = row.startswith("verify") and len(lines) <= row.count("{")  # each file is tried
    if len(lines) != (0 if silent else 1) and not several:
        raise Failure(f"{len(lines)} lines say what failed: {lines}")
    if lines and not any(word in lines[0] for word in words):
        raise Failure(f"the message does not say {' or '.join(words)}: {lines[0]!r}")
    check_json(row, base, got)
    whole = base.tree and got.tree == base.tree and not is_untouched(row, base.tree)
    return f"exit {got.code}{', the whole is there' if whole else ''}"


def check_signal(row, base, got, name):
    """Dead of the signal with nothing left, or done before it counted."""
    if got.code != -getattr(signal, name):
        return check_same(base, got)
    lines = added_lines(base, got)
    if len(lines) > 1:
        raise Failure(f"more than one line: {lines}")
    return name


def at_target(tree):
    """What has the name that was asked for: no hidden file or folder, no WAL folder of its own."""
    return {name: entry for name, entry in tree.items() if name.partition("/")[0].startswith("out")}


def check_kill(row, base, got):
    if got.code != -signal.SIGKILL:
        raise Failure(f"exit {got.code} of a killed run")
    target, whole = at_target(got.tree), at_target(base.tree)
    if target == whole:
        return "killed, the whole is there"
    if not is_untouched(row, target):
        raise Failure(f"a part stands at the destination: {got.tree}")
    return "killed"


def check_stream(row, fault, base, got):
    stream, wrong = fault.split()
    if stream == "stderr":
        if not is_same(base, got):
            raise Failure(f"exit {got.code}, due {base.code}, with other output")
        return "as without"
    if wrong == "head" and got.code == base.code:
        return "as without"  # all of it was in the pipe before the reader left
    if not base.out and got.code == base.code:
        return "as without"
    if wrong in ("gone", "head") and is_without_reader(row, base, got):
        return "as without, but for the report"
    if wrong in ("gone", "head"):
        return check_failed(row, base, got, (), silent=True)
    words = {"full": "No space left on device", "closed": "Bad file descriptor"}[wrong]
    return check_failed(row, base, got, [f"writing to standard output failed: {words}"])


def check_altered(row, fault, base, got):
    """Noticed, or it came when the answer was there already."""
    if is_same(base, got) and not fault.startswith("map@"):
        return check_same(base, got)
    lines = added_lines(base, got)
    if len(lines) > 1:  # of damage, as it looked; the last one says what it comes from
        got.err = f"{lines[-1]}\n".encode()
    return check_failed(row, base, got, (WRITTEN_TO, CUT))


# What a call of these classes says is the answer's own fate.
NEVER_IGNORED = ("write", "sync", "name", "stdout")
UNPACKERS = ("libarchive", "liblzma", "liblz4", "libbz2", "libzstd", "libz")


def is_archive(row):
    return row.startswith("dump") and "tar" in row


def dies_in_libarchive(row, got):
    """
    libarchive 3.6 uses some of what it had no memory for. The program has so much and gives it back right
    before such calls (src/util/memory.h), which helps against a heap that is full, not against this suite.
    """
    uses = is_archive(row) or row in commands.rows(commands.PACKED)
    theirs = any(f" of {library}.so" in got.hit for library in UNPACKERS)
    return got.code == -signal.SIGSEGV and uses and theirs and is_untouched(row, got.tree)


def check_fault(row, fault, base, got):
    kind, name = kind_of(fault), class_of(fault)
    if kind in MUST_BE_SAME:
        return check_same(base, got)
    if kind == "ENODEV" and got.code == base.code:  # copied instead of mapped, which info tells
        spooled = b'"spooled": true', b'"spooled": false'
        return check_same(dataclasses.replace(base, out=base.out.replace(*spooled)),
                          dataclasses.replace(got, out=got.out.replace(*spooled)))
    if kind in ALTERING:
        return check_altered(row, fault, base, got)
    if kind == "dead":
        return check_failed(row, base, got, (CUT,)) if not is_same(base, got) else "as without"
    if kind.startswith("SIG"):
        return check_signal(row, base, got, kind)
    told = kind == "EACCES" and os.strerror(errno.EACCES).encode() in got.err  # 3 as without, for another reason
    if is_same(base, got) and not told:
        if name in NEVER_IGNORED or got.hit == "read of standard input":
            raise Failure("it was ignored: the run ended as if nothing had failed")
        return check_same(base, got)
    if name in ("alloc", "talloc"):
        if dies_in_libarchive(row, got):
            return "SIGSEGV in libarchive"
        return check_failed(row, base, got, OUT_OF_MEMORY)
    if kind == "EPIPE" and name == "stdout" and is_without_reader(row, base, got):
        return "as without, but for the report"
    codes = (3, 4) if kind in ("EACCES", "ENODEV") else (4,)
    words = [os.strerror(getattr(errno, kind))]
    if kind == "ENODEV":  # it could be mapped when temporary files could still be made
        words.append("no temporary file can be made")
    return check_failed(row, base, got, words, codes, silent=kind == "EPIPE" and name == "stdout")


# Which of several threads allocates first is not settled: a late number may not be reached.
UNSETTLED = ("alloc", "talloc")
NO_EFFECT = ("as without", "not met")
# Titles of which every run may end as without the fault.
HARMLESS = ("EINTR", "short", "thread EAGAIN", "stderr")


def must_show(title):
    """Whether at least one run of a title has to be another than without the fault."""
    return not any(word in title for word in HARMLESS)


def check(runner, row, fault):
    """Runs it and returns a word for what came of it; a broken promise raises Failure."""
    base = runner.base(row, is_named(fault))
    got = runner.run(row, fault)
    check_streams(base, got)
    if "@" in fault and not got.hit:
        if class_of(fault) not in UNSETTLED or not is_same(base, got):
            raise Failure("the fault was not met")
        return "not met"
    if kind_of(fault) == "SIGKILL":
        return check_kill(row, base, got)
    if fault.startswith("stdout") and row.endswith("-o -"):
        base.tree = {}
    check_left(row, base, got)
    if "@" not in fault:
        return check_stream(row, fault, base, got)
    return check_fault(row, fault, base, got)
