"""Whatever stands in names, keys, values, paths and arguments: no terminal gets it raw."""
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile

import program
from files import EVIL, EVIL_TEXT, FILES

# C0 but for line feed, DEL, C1, and what hides or turns text
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")
NAME = EVIL.replace(b"\0", b"")  # as a path or an argument can hold it
PERCENT = b"".join(b"%%%02x" % byte for byte in EVIL)

# Further to a sample of every command.
READING = (
    ["verify", "--report", "junit"], ["status", "-w", "table"], ["status", "-w", "fields"], ["status", "-w", "simple"],
    ["auth", "--secrets"], *(["page", b"FILE", str(number)] for number in range(2, 20)), ["page", "--hex", b"FILE", "4"],
    ["keys", b"FILE", "meta"], ["keys", b"FILE", "more"], ["keys", b"FILE", PERCENT],
    ["keys", b"FILE", PERCENT, PERCENT], ["history", b"FILE", NAME], ["history", "--prefix", b"FILE", ""],
    ["history", "--key-format", "hex", b"FILE", EVIL.hex()], ["diff", b"FILE", b"OTHER"], ["diff", b"OTHER", b"FILE"],
    ["diff", "--revisions", b"OTHER", b"FILE"], ["diff", "--buckets", b"OTHER", b"FILE"], ["diff", b"FILE", b"COPY"],
    ["convert", "--skip-hash-check", "--force", "-o", b"OUT"], ["restore", "--skip-hash-check", "--dry-run"],
    ["salvage", "--dry-run"], ["salvage", "--dry-run", "--json"],
    ["dump", "--format", "etcdctl"], ["dump", "--redact", "--all-buckets", "-o", b"OUT", "--force"])

# Arguments that are wrong, missing or strange: what was typed is shown as well, escaped.
TYPED = (
    ["help", NAME], [NAME], ["status", b"--" + NAME], ["status", b"-" + NAME], ["status", b"-\x9b", b"FILE"],
    ["status", "--page-size", NAME, b"FILE"], ["status", "-w", NAME, b"FILE"], ["verify", "--only", NAME, b"FILE"],
    ["verify", "--report", NAME, b"FILE"], ["verify", NAME], ["status", b"FILE", NAME], ["get", "--rev", NAME, b"FILE", "k"],
    ["get", "--key-format", "hex", b"FILE", NAME], ["get", b"FILE", NAME], ["get", "--bucket", NAME, b"FILE", NAME],
    ["page", b"FILE", NAME], ["pages", "--use", NAME, b"FILE"], ["keys", b"FILE", NAME], ["history", b"FILE", NAME],
    ["diff", b"FILE", NAME], ["diff", "--prefix", NAME, "--key-format", "hex", b"FILE", b"COPY"], ["info", "--member", NAME, b"FILE"],
    ["dump", "--bucket", NAME, b"FILE"], ["dump", "--redact-key-file", NAME, b"FILE"], ["dump", "-o", NAME + b"/x/y", b"FILE"],
    ["dump", "-o", b"FILE", b"FILE"], ["convert", "-o", NAME + b"/x/y", b"FILE"], ["restore", "--data-dir", NAME + b"/x/y", b"FILE"],
    ["restore", "--learners", NAME, b"FILE"], ["restore", "--initial-cluster", NAME, b"FILE"],
    ["restore", "--initial-cluster", NAME + b"=http://" + NAME, "--name", NAME, "--initial-advertise-peer-urls", NAME, b"FILE"],
    ["restore", "--all-members", NAME + b"/x/y", "--initial-cluster", NAME + b"=http://a:1", b"FILE"],
    ["restore", "--all-members", "x", "--initial-cluster", NAME + b"/=http://a:1", b"FILE"],
    ["restore", "--initial-cluster", NAME + b"=http://a:1", "--name", NAME, "--initial-advertise-peer-urls", "http://a:1",
     "--dry-run", "--skip-hash-check", b"FILE"])


def first_raw(data):
    """What of it a terminal must not get, with what stands around it; None: nothing."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return repr(data[max(0, error.start - 40):error.start + 10])
    found = RAW.search(text)
    return found and repr(text[max(0, found.start() - 60):found.end() + 10])


def run_all(runner, folder, place):
    """Every command as text, in a pipe and on a terminal; with --json what is printed parses, and its errors are clean."""
    samples = [[b"FILE" if word == "FILE" else word for word in row] for row in program.samples(runner.program)]
    for command in (*samples, *READING, *TYPED):
        args = command if b"FILE" in command or command in TYPED else [*command, b"FILE"]
        args = [place.get(arg, arg) for arg in args]
        runner.same(f"{args}: on a terminal", first_raw(on_terminal(runner, *args, stderr=True)), None)
        for more in ([], ["--json"]):
            done = runner.run(*args, *more, codes=(0, 1, 2, 3, 4), env={"PWD": os.fsdecode(folder)})
            runner.same(f"{args}: stderr", first_raw(done.stderr), None)
            if not more and command[0] != "dump":
                runner.same(f"{args}: stdout", first_raw(done.stdout), None)
            elif done.stdout and more and "-w" not in command and "etcdctl" not in command:
                json.loads(done.stdout)


def test_database(runner, name):
    with tempfile.TemporaryDirectory(dir=runner.scratch) as folder:
        base = os.fsencode(folder) + b"/" + NAME.replace(b"/", b"")
        place = {b"FILE": base + b"1", b"COPY": base + b"2", b"OTHER": base + b"3", b"OUT": base + b"4"}
        pathlib.Path(os.fsdecode(place[b"FILE"])).write_bytes(FILES[name]())
        shutil.copy(place[b"FILE"], place[b"COPY"])
        pathlib.Path(os.fsdecode(place[b"OTHER"])).write_bytes(FILES["pages-promised"]())
        run_all(runner, folder, place)


def on_terminal(runner, *args, stderr=False):
    """What a terminal gets on standard output, and with stderr on both."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([runner.program, *args], stdin=subprocess.DEVNULL, stdout=theirs,
                             stderr=theirs if stderr else subprocess.DEVNULL, env={**os.environ, "TERM": "dumb"})
    os.close(theirs)
    got = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # all other ends are closed
            break
        if not piece:
            break
        got += piece
    os.close(ours)
    runner.same(f"{args}: ends by itself", child.wait() in range(5), True)
    return got.replace(b"\r\n", b"\n")


def test_terminal(runner, name):
    """JSON on a terminal says the same as in a pipe, and has nothing raw; so has a value, but for --raw."""
    with tempfile.TemporaryDirectory(dir=runner.scratch) as folder:
        path = pathlib.Path(folder) / "evil.db"
        path.write_bytes(FILES["names-evil"]())
        for command in (["dump"], ["dump", "--revisions"], ["dump", "--all-buckets"], ["members", "--json"], ["auth", "--json"],
                        ["meta", "--json"], ["info", "--json"], ["buckets", "--json"], ["history", "--prefix", "--json", path, ""],
                        ["verify", "--json"], ["keys", "--json", path, "key"]):
            args = command if path in command else [*command, path]
            shown, piped = on_terminal(runner, *args), runner.run(*args).stdout
            runner.same(f"{args}: on a terminal", first_raw(shown), None)
            runner.same(f"{args}: is more than nothing", len(shown) > 0, True)
            split = bytes.splitlines if command[0] == "dump" else lambda text: [text]
            runner.same(f"{args}: as in a pipe", [json.loads(line) for line in split(shown)],
                        [json.loads(line) for line in split(piped)])
            if command[0] in ("dump", "members"):
                runner.same(f"{args}: would not be clean", first_raw(piped) is None, False)
        shown = on_terminal(runner, "get", path, "/k")
        runner.same("get", first_raw(shown), None)
        runner.same("get, read back", shown[:-1].decode("unicode_escape").encode("latin-1"), EVIL_TEXT)
        runner.same("get --raw", on_terminal(runner, "get", "--raw", path, "/k"), EVIL_TEXT)


TESTS = {**{name: test_database for name in ("names-evil", "names-evil-and-broken", "key-unordered-evil")},
         "terminal": test_terminal}
