"""Tests of bench/: what its scripts compute and print. Nothing here depends on how long anything takes."""

import contextlib
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(os.environ["SS_SOURCE_DIR"])
SNAPSCOPE = os.environ["SNAPSCOPE"]
SYNTH = pathlib.Path(os.environ["SS_BINARY_DIR"]) / "bench/bench_synth"
sys.path.insert(0, str(ROOT / "bench"))

import cache  # noqa: E402
import cold  # noqa: E402
import files  # noqa: E402
import growth  # noqa: E402
import jobs  # noqa: E402
import limits  # noqa: E402
import measure  # noqa: E402
import profiles  # noqa: E402
import report  # noqa: E402
import slow  # noqa: E402


def side(seconds, own_kib=1024):
    return {"seconds": seconds, "processor": seconds, "seconds_all": [seconds], "rss_kib": 2048, "own_kib": own_kib}


def row(job, ours, peer=None, target=0.0, own_kib=1024):
    found = {"job": job, "target": target, "peer_name": "peer", "ours": side(ours, own_kib), "limit_kib": 65536.0}
    if peer is not None:
        found["peer"] = side(peer, 4096)
    return found


class Report(unittest.TestCase):
    def test_own_limit(self):
        self.assertEqual(report.own_limit_kib(0), 65536)
        self.assertEqual(report.own_limit_kib(1024), 65536 + 40)

    def test_targets(self):
        self.assertIs(report.time_met(row("a", 1.0, 2.0, 0.5)), True)
        self.assertIs(report.time_met(row("a", 1.01, 2.0, 0.5)), False)
        self.assertIsNone(report.time_met(row("a", 1.0, 2.0)))
        self.assertIsNone(report.time_met(row("a", 1.0, None, 0.5)))
        self.assertTrue(report.memory_met(row("a", 1.0, own_kib=65536)))
        self.assertFalse(report.memory_met(row("a", 1.0, own_kib=65537)))

    def test_verdict_names_each_miss(self):
        rows = [row("fast", 1.0, 2.0, 0.5), row("late", 1.2, 2.0, 0.5), row("big", 1.0, own_kib=70000)]
        self.assertEqual(report.verdict(rows), "3 of 5 targets met: not late (time), big (memory)")
        self.assertEqual(report.verdict(rows[:1]), "2 of 2 targets met")

    def test_markdown(self):
        (heads, lines), = report.tables([row("fast", 1.0, 2.0, 0.5), row("alone", 0.25)])
        self.assertEqual(
            report.markdown(heads, lines).splitlines()[2:],
            ["| fast | 1.000 | 1.000 | peer | 2.000 | 0.500 | 0.50 | met | 2.0 / 2.0 | 1.0 / 4.0 | 64.0 | met |",
             "| alone | 0.250 | 0.250 |  |  |  |  |  | 2.0 | 1.0 | 64.0 | met |"])

    def test_plain_stands_numbers_right(self):
        self.assertEqual(report.plain(("job", "s", "peer"), [("a", "1.5", "x y"), ("long", "10.5", "")]),
                         "job      s  peer\na      1.5  x y\nlong  10.5")

    def test_machine_line(self):
        facts = {"processor": "A Processor", "processors": 2, "memory_kib": 25165824, "kernel": "6.1.0"}
        self.assertEqual(report.machine_line(facts), "A Processor, 2 processors, 24 GiB, Linux 6.1.0")

    def test_merge_replaces_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.json")
            report.merge(path, "table", [row("a", 1.0), row("b", 2.0)], {"runs": 5})
            report.merge(path, "table", [row("a", 3.0)], {"runs": 1})
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            self.assertEqual(document["runs"], 1)
            self.assertEqual([(r["job"], r["ours"]["seconds"]) for r in document["table"]], [("a", 3.0), ("b", 2.0)])


def grown(file, size, seconds, live_keys=0, own_kib=1024):
    return {"job": f"x, {file}", "command": "x", "file": file, "size": size, "live_keys": live_keys,
            "limit_kib": report.own_limit_kib(live_keys), "ours": side(seconds, own_kib)}


class Growth(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual([growth.size_of(t) for t in ("100M", "1.2G")], [100000000, 1200000000])

    def test_linear_compares_the_largest_with_the_second(self):
        rows = [grown("100M", 10**8, 0.3), grown("300M", 3 * 10**8, 0.3), grown("4G", 4 * 10**9, 5.3)]
        self.assertIs(growth.linear(rows), True)
        rows[-1] = grown("4G", 4 * 10**9, 5.4)
        self.assertIs(growth.linear(rows), False)
        self.assertIsNone(growth.linear(rows[:2]))
        self.assertEqual(growth.verdict(rows), "slower on the largest file: x; over the memory limit: none")

    def test_tables(self):
        rows = [grown("100M", 10**8, 0.1), grown("9 keys", 10**8, 0.2, 1024, 70000)]
        (_, times), (_, memory) = growth.tables(rows)
        self.assertEqual(times, [["x", "0.100 (1.00)", "0.200 (0.50)", ""]])
        self.assertEqual(memory, [["x", "1.0", "68.4", "70000.0", "64.0", "NOT MET"]])
        self.assertIn("over the memory limit: x, 9 keys", growth.verdict(rows))


class Others(unittest.TestCase):
    def test_profile_sums_kernel_and_bare_libraries(self):
        text = ("    40.00%  libcrypto.so.3     [.] 0x0000000000210c2c\n"
                "    20.00%  libcrypto.so.3     [.] 0x0000000000210c30\n"
                "    15.50%  [kernel.kallsyms]  [k] exc_page_fault\n"
                "     4.50%  [kernel.kallsyms]  [k] xas_load\n"
                "    12.00%  snapscope          [.] enter.isra.0\n"
                "# a comment\n")
        self.assertEqual(profiles.parse(text), [(60.0, "[libcrypto.so.3]"), (20.0, "[kernel]"), (12.0, "enter")])

    def test_cold(self):
        rows = [{"job": "verify", "size": 10**9, "cold": side(2.0), "warm": side(1.0)},
                {"job": "openssl dgst -sha256", "size": 10**9, "cold": side(4.0), "warm": side(3.0)}]
        self.assertEqual(cold.tables(rows)[0][1][0], ("verify", "2.000", "0.50", "1.000", "1.0"))
        self.assertIn("0.50 of openssl's time", cold.verdict(rows))

    def test_a_file_that_stays_in_the_page_cache_ends_it(self):
        with tempfile.NamedTemporaryFile(dir=os.getcwd()) as file:
            file.write(bytes(1000))
            file.flush()
            with unittest.mock.patch.object(files, "run", lambda command: b" 10\n"):
                cold.drop(file.name)
            with unittest.mock.patch.object(files, "run", lambda command: b" 11\n"):
                with self.assertRaisesRegex(SystemExit, "11 bytes of .* stay in the page cache"):
                    cold.drop(file.name)

    def test_slow(self):
        one = {"job": "verify, 200 MB/s", "command": "verify", "rate": 200 * 10**6, "transfer": 5.0, "fed": 5.1,
               "tail": 0.25, "seconds": 5.35}
        self.assertEqual(slow.tables([one])[0][1], [("verify", "200", "5.000", "5.100", "0.250", "5.350")])
        self.assertEqual(slow.verdict([one]), "did not keep up with the pipe: none")
        self.assertIn("verify, 200 MB/s", slow.verdict([{**one, "fed": 5.3}]))

    def test_slow_reads_all_of_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "in")
            with open(path, "wb") as file:
                file.write(os.urandom(3 * slow.PIECE + 5))
            copy = measure.Side([["cp", "/dev/stdin", os.path.join(folder, "out")]])
            slow.run_once(copy, path, 0)
            with open(path, "rb") as a, open(os.path.join(folder, "out"), "rb") as b:
                self.assertEqual(a.read(), b.read())

    def test_limits(self):
        self.assertEqual(limits.tables([{"job": "map", "rate": 5.0, "seconds": 0.25}])[0][1], [("map", "5.00", "0.250")])

    def test_distance_takes_the_slowest_loop_for_all_that_is_read(self):
        rows = [{"job": name, "seconds": seconds} for name, seconds in
                (("map and SHA-256", 1.0), ("write and sync", 0.5), ("map and sum, two threads", 0.25))]
        table = [row("restore", 2.0), row("diff, every key changed", 1.0), row("hashkv", 1.0), row("unknown", 1.0)]
        self.assertEqual(limits.distance(table, rows)[1],
                         [("restore", "2.000", "map and SHA-256", "1.000", "2.00"),
                          ("diff, every key changed", "1.000", "map and sum, two threads, of both files", "0.500", "2.00")])


class Jobs(unittest.TestCase):
    def test_bounds_are_measured(self):
        measured = set(re.findall(r'^    \{"([^"]+)", ', (ROOT / "bench/limits.c").read_text(), re.M))
        self.assertEqual({name for job in jobs.ALL for name in job.bounds} - measured, set())

    def test_names_are_unique(self):
        names = [job.name for job in jobs.ALL]
        self.assertEqual(len(names), len(set(names)))

    def test_only_the_table_has_targets(self):
        self.assertEqual([job.target for job in jobs.TABLE], [1.10, 1.10, 0.20, 0.12, 0.08, 0.05, 0.25, 0.25, 0.50, 0.40])
        self.assertEqual({job.target for job in jobs.EXTRA + jobs.SMALL}, {0.0})

    def test_every_command_but_the_quiet_ones_is_measured(self):
        text = subprocess.run([SNAPSCOPE, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
        commands = set(re.findall(r"^  ([a-z]+)  +\S", text.split("Commands:")[1], re.M))
        self.assertEqual(commands - {job.ours.split()[1] for job in jobs.ALL}, set())

    def test_every_word_is_known(self):
        with tempfile.TemporaryDirectory() as folder:
            store = stub_store(folder)
            for job in (*jobs.ALL, *jobs.COLD, *jobs.SLOW):
                words = store.words(job, True)
                for command in (job.ours, *job.peer):
                    self.assertEqual(set(re.findall(r"{(\w+)}", command)) - set(words), set(), command)


def stub_store(folder):
    """Files whose tools and inputs are there, but are not what they say."""
    def put(*parts):
        path = os.path.join(folder, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n")
        os.chmod(path, 0o755)
        return path

    for tool in ("bbolt/bbolt", "etcd36/etcdutl", "etcd37/etcdutl", "dumpdb/etcd-dump-db"):
        put("oracles", tool)
    given = {role: put(f"{role}.db") for role in ("db", "later", "other", "changed")}
    store = files.Files(os.path.join(folder, "work"), SNAPSCOPE, os.path.join(folder, "oracles"), given)
    store.some_key = lambda: "k"
    return store


class Store(unittest.TestCase):
    def test_a_spoiled_copy_is_made_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            store = stub_store(folder)
            path = store.copy("db")
            with open(path, "a", encoding="ascii") as file:
                file.write("spoiled")
            self.assertEqual(store.copy("db"), path)
            self.assertEqual(os.path.getsize(path), len("#!/bin/sh\n"))

    def test_inputs_and_copies_are_loaded_once_each(self):
        with tempfile.TemporaryDirectory() as folder:
            store = stub_store(folder)
            with unittest.mock.patch.object(cache, "load") as load:
                paths = [store.path("db"), store.copy("db"), store.copy("db"), store.path("db")]
            self.assertEqual([call.args[0] for call in load.call_args_list], paths[:2])

    def test_a_changed_input_ends_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            store = stub_store(folder)
            path = store.path("db")
            store.check_inputs()
            with open(path, "a", encoding="ascii") as file:
                file.write("changed")
            with self.assertRaisesRegex(SystemExit, "has been changed"):
                store.check_inputs()

    def test_close_leaves_what_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            store = stub_store(folder)
            store.copy("db")
            store.close()
            self.assertEqual(os.listdir(store.folder), ["data"])


class Measure(unittest.TestCase):
    def test_sides_run_in_turn(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            sides = {name: measure.Side([["sh", "-c", f"echo {name} >>{log}"]]) for name in "ab"}
            found = measure.measure(sides, 2)
            with open(log, encoding="ascii") as file:
                self.assertEqual(file.read().split(), ["a", "b", "a", "b", "a", "b"])
            self.assertEqual([len(found[name]["seconds_all"]) for name in "ab"], [2, 2])

    def test_no_runs_take_the_memory_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            found = measure.measure({"a": measure.Side([["sh", "-c", f"echo a >>{log}"]])}, 0)
            with open(log, encoding="ascii") as file:
                self.assertEqual(file.read(), "a\n")
            self.assertEqual(len(found["a"]["seconds_all"]), 1)

    def test_outputs_go_before_each_run_and_at_the_end(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            measure.measure({"a": measure.Side([["mkdir", out]], (out,))}, 2)
            self.assertEqual(os.listdir(folder), [])

    def test_other_exit_codes_end_the_run(self):
        fails = ["sh", "-c", "echo why >&2; exit 3"]
        measure.time_once(measure.Side([fails], codes=(0, 3)))
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaisesRegex(SystemExit, "exit code 3"):
            measure.time_once(measure.Side([fails]))
        self.assertEqual(said.getvalue(), "why\n")

    def test_no_process_outlives_the_measurement(self):
        with self.assertRaises(KeyboardInterrupt), measure.running(["cat"], subprocess.PIPE) as process:
            raise KeyboardInterrupt
        self.assertEqual(process.returncode, -signal.SIGKILL)
        process.stdin.close()

    def test_memory_has_children_in_it(self):
        holds = "import sys; b = bytearray(b'x') * (48 << 20); print('held', flush=True); "
        inner = holds + "sys.stdin.read()"
        outer = holds + f"import subprocess; subprocess.run([sys.executable, '-c', {inner!r}])"
        with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            self.assertEqual([process.stdout.readline() for _ in range(2)], [b"held\n"] * 2)
            rss, own = measure.memory_of(process.pid)
            process.stdin.close()
        self.assertGreaterEqual(own, 2 * 48 * 1024)
        self.assertLess(own, 3 * 48 * 1024)
        self.assertGreaterEqual(rss, own)


class Programs(unittest.TestCase):
    def run_py(self, *words):
        return subprocess.run([sys.executable, "-B", ROOT / "bench/run.py", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, text=True)

    def test_synth_is_sound_and_repeats_itself(self):
        with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
            paths = [os.path.join(folder, name) for name in ("a.db", "b.db")]
            for path in paths:
                subprocess.run([SYNTH, path, "1000", "3", "30"], check=True)
            with open(paths[0], "rb") as a, open(paths[1], "rb") as b:
                self.assertEqual(a.read(), b.read())
            said = subprocess.run([SNAPSCOPE, "verify", "--json", paths[0]], stdout=subprocess.PIPE, check=True).stdout
            self.assertEqual(json.loads(said)["verdict"], "sound")
            info = json.loads(subprocess.run([SNAPSCOPE, "info", "--json", paths[0]], stdout=subprocess.PIPE,
                                             check=True).stdout)
            self.assertEqual(files.counts(info), {"live_keys": 990, "records": 3010})

    def test_a_row_from_end_to_end(self):
        with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
            path, figures = os.path.join(folder, "a.db"), os.path.join(folder, "f.json")
            subprocess.run([SYNTH, path, "1000", "1", "30"], check=True)
            done = self.run_py("--only", "get", "--only", "convert", "--ours", "--runs", "1", "--db", path, "--dir",
                               os.path.join(folder, "work"), "--snapscope", SNAPSCOPE, "--json", figures)
            self.assertEqual(done.returncode, 0, done.stderr)
            shown = self.run_py("show", figures)
            self.assertEqual(shown.stdout, done.stdout)
            self.assertRegex(shown.stdout, r"\b[012] of 2 targets met")
            with open(figures, encoding="utf-8") as file:
                self.assertEqual([(r["job"], r["live_keys"]) for r in json.load(file)["table"]],
                                 [("convert", 990), ("get", 990)])

    def test_wrong_usage(self):
        for words in (["--only", "nothing"], ["show"], ["table", "f"], ["--runs", "-1"], ["nothing"]):
            self.assertEqual(self.run_py(*words).returncode, 2, words)

    def test_list(self):
        self.assertEqual(self.run_py("--list").stdout.split("\n")[:2], ["verify", "status"])

    def test_scripts_say_how_they_are_used(self):
        for name in ("make_snapshot.sh", "continue_snapshot.sh"):
            done = subprocess.run(["bash", ROOT / "bench" / name], stderr=subprocess.PIPE, check=False, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{name} ", done.stderr)


unittest.main()
