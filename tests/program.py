"""The commands of the program under test, as its `help --json` names them, and a run of each.

    program.py SNAPSCOPE [NAME...]    a line a command, but for these: `get FILE no-such-key`
"""
import json
import re
import subprocess
import sys

# What stands for a placeholder of the usage line. FILE is left for the caller to put a file in.
SAMPLES = {"FILE": "FILE", "IN": "FILE", "A": "FILE", "B": "FILE", "KEY": "no-such-key", "ID": "2", "BUCKET": "key",
           "OUT": "-"}


def commands(program):
    done = subprocess.run([program, "help", "--json"], check=True, capture_output=True)
    return json.loads(done.stdout)["commands"]


def names(program):
    return [command["name"] for command in commands(program)]


def sample(command):
    """The words of a run: its name, the option it must have, and something for each argument."""
    words = [command["name"]]
    for word in f"{command.get('required', '')} {command['args']}".split():
        name = re.sub("[^A-Z]", "", word)
        if not word.startswith("-") and name not in SAMPLES:
            sys.exit(f"snapscope {command['name']} takes {word}, and tests/program.py has no sample of that")
        words.append(word if word.startswith("-") else SAMPLES[name])
    return words


def with_every(rows, program):
    """The rows, and a sample of each command that has none among them."""
    return [*rows, *(sample(c) for c in commands(program) if all(row[0] != c["name"] for row in rows))]


if __name__ == "__main__":
    for one in commands(sys.argv[1]):
        if one["name"] not in sys.argv[2:]:
            print(*sample(one))
