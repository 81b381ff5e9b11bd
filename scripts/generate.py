#!/usr/bin/env python3
"""generate.py SNAPSCOPE [--check]: writes what the tables of commands and columns say.

From `SNAPSCOPE help --json`:

    completions/snapscope.bash, _snapscope (zsh), snapscope.fish
    docs/tables.md
    docs/schema/NAME.schema.json of each command that lists one table (LISTS)

and the parts between "begin NAME" and "end NAME" in

    docs/man/*.1: synopsis, options, exit codes; in snapscope.1 the list of commands
    README.md, docs/commands.md: the tables of commands and of exit codes

--check writes nothing, names each file that is not as it would be written, and exits 1 if there is one.
"""

import json
import pathlib
import re
import subprocess
import sys

import mdoc

ROOT = pathlib.Path(__file__).resolve().parent.parent

COUNT = {"$ref": "common.schema.json#/$defs/count"}
KEEP_GOING = {
    "skipped_count": COUNT,
    "skipped": {
        "description": "With --keep-going: what was passed over; at most 100 of them.",
        "type": "array",
        "items": {"$ref": "common.schema.json#/$defs/skip"},
    },
}

# Commands whose document is one table's rows: what that document is and, where they differ from the command's
# name and the table's own columns, the table, columns on request that are there (may_have: only if an option asks
# for them), columns that are not, what stands in front of the rows (an optional member's name ends in "?") and
# whatever else may stand behind them.
LISTS = {
    "leases": {"doc": "Every lease."},
    "alarms": {"doc": "Every alarm that is raised."},
    "members": {"doc": "The members of the cluster, then the ids that were removed."},
    "auth": {
        "doc": "Whether access is controlled, the roles, a row a permission, and the users; --only has one list.",
        "facts": "auth",
        "lists": {"roles": {}, "users": {"may_have": ["password_hash"], "more": ["password_hash"]}},
    },
    "buckets": {"doc": "Every bucket, parents before children.", "may_end": KEEP_GOING},
    "pages": {
        "doc": "Every page below the high-water mark, or, without a usable meta page, every place of the file.",
        "head": {"page_size": COUNT, "high_water?": COUNT},
    },
    "keys": {
        "doc": "The elements of one bucket, in key order.",
        "table": "entries",
        "more": ["kind", "page", "element", "value_len"],
        "less": ["is_bucket"],
        "may_have": ["value"],
        "head": {"bucket": {"description": "Its path, escaped; empty for the root bucket.", "type": "string"}},
        "end": {"more": {"description": "Whether --limit left keys out.", "type": "boolean"}},
        "may_end": KEEP_GOING,
    },
}

MADE_BY = "made by scripts/generate.py from the program's own tables; edit those"


def one_line(text):
    return " ".join(text.split())


# ---------------------------------------------------------------------------------- completions


def flags(option):
    out = ["--" + option["name"]]
    if "letter" in option:
        out.insert(0, "-" + option["letter"])
    return out


def takes_value(option):
    return option["kind"] != "flag"


def options_of(command, doc):
    return command["options"] + doc["common_options"]


def bash(doc):
    names = " ".join(c["name"] for c in doc["commands"])
    lines = [
        f"# bash completion of snapscope; {MADE_BY}.",
        "_snapscope() {",
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}",
        "    local options='' choices='' values=''",
        "    COMPREPLY=()",
        "    if [[ $COMP_CWORD -eq 1 ]]; then",
        f"        mapfile -t COMPREPLY < <(compgen -W '{names} help --help --version' -- \"$word\")",
        "        return",
        "    fi",
        "    case $command in",
        f"    help) mapfile -t COMPREPLY < <(compgen -W '{names} --json' -- \"$word\"); return ;;",
    ]
    for command in doc["commands"]:
        every = options_of(command, doc)
        words = " ".join(f for o in every for f in flags(o))
        values = " ".join(f for o in every if takes_value(o) and "choices" not in o for f in flags(o))
        lines += [f"    {command['name']})", f"        options='{words}' values='{values}'"]
        chosen = [o for o in every if "choices" in o]
        if chosen:
            lines.append("        case $before in")
            for option in chosen:
                lines.append(
                    f"        {'|'.join(flags(option))}) choices='{' '.join(option['choices'])}' ;;"
                )
            lines.append("        esac")
        lines.append("        ;;")
    lines += [
        "    *) return ;;",
        "    esac",
        "    if [[ -n $choices ]]; then",
        '        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")',
        "    elif [[ $word == -* && \" $values \" != *\" $before \"* ]]; then",
        '        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")',
        "    else",
        "        compopt -o filenames",
        '        mapfile -t COMPREPLY < <(compgen -f -- "$word")',
        "    fi",
        "}",
        "complete -F _snapscope snapscope",
    ]
    return "\n".join(lines) + "\n"


def zsh_quote(text):
    for char in "\\[]:":
        text = text.replace(char, "\\" + char)
    return text.replace("'", "'\\''")


def zsh_option(option):
    forms = flags(option)
    spec = forms[0] if len(forms) == 1 else "{" + ",".join(forms) + "}"
    value = ""
    if "choices" in option:
        value = f":{option['arg']}:({' '.join(option['choices'])})"
    elif takes_value(option):
        value = f":{option['arg']}:_files"
    text = f"[{zsh_quote(one_line(option['help']))}]{value}"
    if len(forms) == 1:
        return f"'{spec}{text}'"
    return f"{spec}'{text}'"


def zsh(doc):
    lines = ["#compdef snapscope", f"# {MADE_BY}.", "_snapscope() {", "    local -a commands", "    commands=("]
    for command in doc["commands"]:
        lines.append(f"        '{command['name']}:{zsh_quote(command['summary'])}'")
    lines += [
        "        'help:explain a command'",
        "    )",
        "    if (( CURRENT == 2 )); then",
        "        _describe 'command' commands",
        "        return",
        "    fi",
        "    local command=$words[2]",
        "    (( CURRENT-- ))",
        "    shift words",
        "    case $command in",
        "    help) (( CURRENT == 2 )) && _describe 'command' commands ;;",
    ]
    for command in doc["commands"]:
        lines.append(f"    {command['name']})")
        lines.append("        _arguments \\")
        for option in options_of(command, doc):
            lines.append(f"            {zsh_option(option)} \\")
        lines += ["            '*:file:_files'", "        ;;"]
    lines += ["    esac", "}", '_snapscope "$@"']
    return "\n".join(lines) + "\n"


def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(doc):
    lines = [
        f"# fish completion of snapscope; {MADE_BY}.",
        "set -l commands " + " ".join(c["name"] for c in doc["commands"]) + " help",
    ]
    for command in doc["commands"]:
        lines.append(
            "complete -c snapscope -f -n \"not __fish_seen_subcommand_from $commands\" "
            f"-a {command['name']} -d {fish_quote(command['summary'])}"
        )
        for option in command["options"]:
            lines.append(fish_option(option, f"__fish_seen_subcommand_from {command['name']}"))
    for option in doc["common_options"]:
        lines.append(fish_option(option, '__fish_seen_subcommand_from $commands'))
    return "\n".join(lines) + "\n"


def fish_option(option, condition):
    parts = ["complete -c snapscope", f'-n "{condition}"', "-l " + option["name"]]
    if "letter" in option:
        parts.append("-s " + option["letter"])
    if "choices" in option:
        parts.append(f"-x -a {fish_quote(' '.join(option['choices']))}")
    elif takes_value(option):
        parts.append("-r")
    parts.append(f"-d {fish_quote(one_line(option['help']))}")
    return " ".join(parts)


# --------------------------------------------------------------------------------------- tables


def tables_md(doc):
    lines = [
        "# Tables",
        "",
        "What can be listed of a file, as rows with described columns: `ss_rows_open` in "
        "[snapscope.h](../include/snapscope.h),",
        "the `--json` documents of the commands that list one, and `examples/list_table.c` for all. This page is "
        f"{MADE_BY}.",
        "",
        "A column marked *optional* has no value in some rows; one *on request* is given only when it is named.",
        "Ids are 16 hexadecimal digits in text and JSON. Bytes that are no clean UTF-8 are `NAME_base64` in JSON.",
    ]
    for table in doc["tables"]:
        lines += ["", f"## {table['name']}", "", f"{table['doc'].capitalize()}. A row is {table['row']}.", ""]
        lines += ["| column | type | unit | | what |", "|---|---|---|---|---|"]
        for column in table["columns"]:
            marks = [word.replace("_", " ") for word in ("optional", "on_request") if column[word]]
            lines.append(
                f"| `{column['name']}` | {column['type']} | {column.get('unit', '')} | {', '.join(marks)} "
                f"| {column['doc']} |"
            )
    return "\n".join(lines) + "\n"


# -------------------------------------------------------------------------------------- schemas


def column_schemas(column):
    """The members that a column can be in a document: name to schema."""
    name, doc = column["name"], column["doc"][0].upper() + column["doc"][1:] + "."
    if column["type"] == "bool":
        return {name: {"description": doc, "type": "boolean"}}
    if column["type"] == "int":
        return {name: {"description": doc, "type": "integer"}}
    if column["type"] == "uint":
        return {name: {"description": doc, "$ref": "common.schema.json#/$defs/u64"}}
    if column["type"] == "id":
        return {name: {"description": doc, "type": "string", "pattern": "^[0-9a-f]{16}$"}}
    if column["type"] == "text":
        return {name: {"description": doc, "type": "string"}}
    base64 = {"$ref": "common.schema.json#/$defs/base64"}
    if column["type"] == "bytes":
        return {name: {"description": doc, "type": "string"}, name + "_base64": base64}
    return {
        name: {"description": doc, "type": "array", "items": {"type": "string"}},
        name + "_base64": {"type": "array", "items": base64},
    }


def row_schema(table, how):
    properties, required, either = {}, [], []
    for column in table["columns"]:
        name = column["name"]
        if name in how.get("less", []) or (column["on_request"] and name not in how.get("more", [])):
            continue
        members = column_schemas(column)
        properties.update(members)
        if column["optional"] or name in how.get("may_have", []):
            continue
        if len(members) == 1:
            required += members
        else:
            either.append({"oneOf": [{"required": [name]} for name in members]})
    schema = {
        "description": f"{table['row'][0].upper()}{table['row'][1:]}.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if either:
        schema["allOf"] = either
    return schema


def list_schema(command, how, tables):
    error = {"$ref": "common.schema.json#/$defs/error"}
    head = dict(how.get("head", {}))
    for column in tables[how["facts"]]["columns"] if "facts" in how else []:
        for name, schema in column_schemas(column).items():
            head[name + "?" * column["optional"]] = schema
    lists = how.get("lists", {command: how})
    count = {} if "lists" in how else {"count": COUNT}
    document = {
        "type": "object",
        "properties": {
            "file": {"description": "The input as it was named; - is standard input.", "type": "string"},
            **{name.rstrip("?"): schema for name, schema in head.items()},
            **{name: {"type": "array", "items": row_schema(tables[one.get("table", name)], one)}
               for name, one in lists.items()},
            **count,
            **how.get("end", {}),
            "complete": {"description": "Whether everything could be read.", "type": "boolean"},
            "fault_count": COUNT,
            "faults": {
                "description": "Damage that did not end the list; at most 100 of them.",
                "type": "array",
                "items": error,
            },
            **how.get("may_end", {}),
            "error": error,
        },
        "required": ["file", *(name for name in head if not name.endswith("?")),
                     *([] if "lists" in how else lists), *count, *how.get("end", {}), "complete",
                     "fault_count", "faults"],
        "additionalProperties": False,
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"snapscope {command} --json",
        "description": how["doc"],
        "oneOf": [document, {"$ref": "common.schema.json#/$defs/failure"}],
    }
    return json.dumps(schema, indent=2) + "\n"


# ------------------------------------------------------------------- parts of files written by hand


def part(text, path, name, lines):
    """`text` with these lines between its marks "begin NAME" and "end NAME"."""
    found = re.search(rf"^\S+ begin {name}\b[^\n]*\n(.*?)^\S+ end {name}\b", text, re.S | re.M)
    if found is None:
        sys.exit(f"{path}: there is no part between 'begin {name}' and 'end {name}'")
    return text[: found.start(1)] + "".join(line + "\n" for line in lines) + text[found.end(1) :]


def with_parts(path, parts):
    if not (ROOT / path).exists():
        sys.exit(f"{path} is not there: CONTRIBUTING.md says what a command consists of")
    text = (ROOT / path).read_text(encoding="utf-8")
    for name, lines in parts.items():
        text = part(text, path, name, lines)
    return text


def pages(doc):
    commands, common = doc["commands"], doc["common_options"]
    names = mdoc.placeholders(*(option.get("arg") for option in common))
    out = {
        "docs/man/snapscope.1": {
            "commands": mdoc.command_list(commands),
            "options": mdoc.option_list(common, names),
            "pages": mdoc.see_also(commands),
        }
    }
    for command in commands:
        out[f"docs/man/snapscope-{command['name']}.1"] = {
            "head": mdoc.head(command),
            "options": mdoc.options(command, common),
            "exits": mdoc.exits(command, common),
        }
    return out


def usage(command):
    return " ".join(word for word in (command["name"], command.get("required"), command["args"]) if word)


def cell(text):
    """Plain text in a table of Markdown: options as code, and no line feed or bar."""
    text = one_line(text).replace("|", "\\|")
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)", r"`\1`", text)


def schemas_of(name):
    """Links to the schemas whose title begins with this command, that of --json first."""
    found = []
    for path in (ROOT / "docs/schema").glob("*.schema.json"):
        title = json.loads(path.read_text(encoding="utf-8"))["title"]
        if title.startswith(f"snapscope {name} "):
            found.append((path.name != f"{name}.schema.json", path.name, title.removeprefix(f"snapscope {name} ")))
    return ", ".join(f"[`{title}`](schema/{file})" for _, file, title in sorted(found))


def command_table(doc):
    lines = ["| command | does |", "|---|---|"]
    return lines + [f"| `{usage(c)}` | {cell(c['summary'])} |" for c in doc["commands"]]


def long_command_table(doc):
    lines = ["| command | does | documents |", "|---|---|---|"]
    for c in doc["commands"]:
        lines.append(f"| `{usage(c)}` | {cell(c['detail'].split(chr(10) * 2)[0])} | {schemas_of(c['name'])} |")
    return lines


def exit_table(doc):
    lines = ["| command | 0 | 1 | 2 | 3 |", "|---|---|---|---|---|"]
    for c in doc["commands"]:
        meanings = {e["code"]: cell(e["meaning"]) for e in c["exits"]}
        lines.append(f"| `{c['name']}` | " + " | ".join(meanings.get(code, "") for code in range(4)) + " |")
    return lines


def parts(doc):
    return {
        **pages(doc),
        "README.md": {"commands": command_table(doc)},
        "docs/commands.md": {"commands": long_command_table(doc), "exits": exit_table(doc)},
    }


# ----------------------------------------------------------------------------------------- files


def files(doc):
    tables = {table["name"]: table for table in doc["tables"]}
    out = {
        "completions/snapscope.bash": bash(doc),
        "completions/_snapscope": zsh(doc),
        "completions/snapscope.fish": fish(doc),
        "docs/tables.md": tables_md(doc),
    }
    for command, how in LISTS.items():
        out[f"docs/schema/{command}.schema.json"] = list_schema(command, how, tables)
    out |= {path: with_parts(path, made) for path, made in parts(doc).items()}
    return out


def main():
    program = sys.argv[1]
    doc = json.loads(subprocess.run([program, "help", "--json"], check=True, capture_output=True).stdout)
    stale = 0
    for name, text in files(doc).items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" in sys.argv[2:]:
            print(f"{name} is not what the program says: run scripts/generate.py {program}")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in sys.argv[2:] else 0


sys.exit(main())
