#!/usr/bin/env python3
"""
urls.py ORACLES SNAPSCOPE SNAPSHOT WORK: peer URLs as restore and `etcdutl snapshot restore` take them.

Each text stands in both flags; both refuse it, or both make directories of the same ids and the same URLs.
"""

import pathlib
import shutil
import subprocess
import sys

from datadir import decoded

SINGLE = [
    "http://a:1", "HTTP://a:1", "hTTps://A:1", "http://Höst:2380", "http://日本:2380", "http://h%C3%B6st:2380",
    " http://a:1", "http://a:1 ", "\thttp://a:1\n", "\u00a0http://a:1\u3000", "\u200bhttp://a:1", "http://a :1",
    "http://[fe80::1%25eth0]:2380", "http://[fe80::1%eth0]:2380", "http://[fe80::1%25e%20h]:2380", "http://[::1]:2380",
    "http://[FD00::A]:2380", "http://[::ffff:1.2.3.4]:1", "http://[1.2.3.4]:1", "http://[g::1]:1", "http://[::1]",
    "http://[::1]:", "http://[::1]x:1", "http://::1:1", "http://a:1:2", "http://a", "http://a:", "http://:1", "http://",
    "http://a:x", "http://a:-1", "http://a:99999", "http://a:1/", "http://a:1/x", "http://a:1?", "http://a:1?x=y",
    "http://a:1??", "http://a:1#f", "http://a:1#f%20g", "http://a:1#ä", "http://u@a:1", "http://u:p@a:1", "http://u:@a:1",
    "http://@a:1", "http://ü@a:1", "http://u%C3%BC@a:1", "http://a@b@c:1", "http://u:p%2F@a:1", "http://a%41:1",
    "http://a%00:1", "http://a%zz:1", "http://a%2:1", "http://a_b-c.d~:1", "http://a!$&'()*+;=:1", "http://a<b>:1",
    "http://a\"b:1", "http://a{b:1", "http://a\\b:1", "http://a|b:1", "http://a^b:1", "http://a\x01:1", "http://a\x7f:1",
    "http:a:1", "http:/a:1", "http:///a:1", "//a:1", "a:1", "1http://a:1", "://a:1", "", "*", "ftp://a:1", "h2+x://a:1",
    "unix://a", "unix://localhost:m1", "unix://localhost:1", "unix:///run/x", "unix:///run/x y", "unix:///run/%41",
    "unix:///run/%zz", "unix:/run/x", "unix:x", "unix:", "unix://", "UNIXS://a:1", "unixs:///x?y#z", "unix://a/b[c]",
    "unix://a/b;c,", "unix://u@/x", "unix://a:1:2", "unix:///é",
]

# The initial cluster of member a, and its own URLs, where they are written otherwise.
PAIRS = [
    ("a=http://a:1,", "http://a:1"), (",a=http://a:1,,", "http://a:1"), ("a=http://a:1", "http://a:1,"),
    ("a=http://a:1", ",http://a:1"), ("a=http://a:1,a=http://b:1", "http://b:1,http://a:1"),
    ("a=http://a:1,a=http://b:1", "http://b:1, http://a:1"), ("a=HTTP://a:1", "http://a:1"),
    ("a=http://a:1,b=HTTP://a:1", "http://a:1"), ("a=http://ä:1,b=http://%C3%A4:1", "http://ä:1"),
    ("a=http://a:1,b", "http://a:1"), ("a=http://a:1,b=", "http://a:1"), ("a", "http://a:1"), ("", "http://a:1"),
    ("a=http://a:1", ""), ("b=http://a:1", "http://a:1"), ("a=http://a:1=2", "http://a:1=2"),
]


def restore(command, snapshot, folder, cluster, urls):
    """None when it is refused, else the ids and URLs of what was made."""
    done = subprocess.run([*command, snapshot, "--data-dir", folder, "--name", "a", "--initial-cluster", cluster,
                           "--initial-advertise-peer-urls", urls],
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        if folder.exists():
            raise SystemExit(f"{cluster!r}: refused, and {folder} is there")
        return None
    made = decoded(folder)
    shutil.rmtree(folder)
    return {part: made[part] for part in sorted(made)}


def main():
    oracles, snapscope, snapshot, work = sys.argv[1:]
    tools = [("ours", [snapscope, "restore"])]
    tools += [(f"etcdutl of {line}", [pathlib.Path(oracles) / f"etcd{line}/etcdutl", "snapshot", "restore"])
              for line in ("36", "37")]
    rows = [(f"a={text}", text) for text in SINGLE] + PAIRS
    taken = differing = 0
    for cluster, urls in rows:
        answers = {name: restore(command, snapshot, pathlib.Path(work) / "made", cluster, urls)
                   for name, command in tools}
        taken += answers["ours"] is not None
        for name, answer in answers.items():
            if answer != answers["ours"]:
                differing += 1
                print(f"{cluster!r} {urls!r}: {name} {answer}\n  ours {answers['ours']}")
    print(f"{len(rows)} rows, {taken} taken, {differing} differ")
    return differing > 0


if __name__ == "__main__":
    sys.exit(main())
