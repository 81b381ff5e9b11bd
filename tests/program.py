"""The commands of the program under test, as its `help --json` names them, and a run of each.

    program.py SNAPSCOPE all|readers [NAME...]    a line a command, but for these: `get FILE no-such-key`

readers are those that only read: what writes must have an option for where to, or can be tried by --dry-run.
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


def can_be_tried(command):
    return any(option["name"] == "dry-run" for option in command["options"])


def reads_only(command):
    return "required" not in command and not can_be_tried(command)


def sample(command):
    """The words of a run that writes no file: its name, the option it must have, something for each argument."""
    words = [command["name"]] + (["--dry-run"] if can_be_tried(command) else [])
    for word in f"{command.get('required', '')} {command['args']}".split():
        name = re.sub("[^A-Z]", "", word)
        if not word.startswith("-") and name not in SAMPLES:
            sys.exit(f"snapscope {command['name']} takes {word}, and tests/program.py has no sample of that")
        words.append(word if word.startswith("-") else SAMPLES[name])
    return words


def samples(program):
    return [sample(command) for command in commands(program)]


if __name__ == "__main__":
    path, kind, *left_out = sys.argv[1:]
    for one in commands(path):
        if one["name"] not in left_out and (kind == "all" or reads_only(one)):
            print(*sample(one))
