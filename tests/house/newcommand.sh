#!/usr/bin/env bash
# Follows "A new command" in CONTRIBUTING.md to the letter: a copy of the source folder gets the command
# `toy` by the files that are listed there, and by no other; it is built, run, and everything that lists
# commands is made anew and has it.
set -euo pipefail
: "${SNAPSCOPE:?the program}" "${SS_SOURCE_DIR:?the source folder}" "${SS_BINARY_DIR:?}" "${SS_CC:?}"
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

FILES_MAX=7
work="$SS_BINARY_DIR/tests/house/newcommand"
copy="$work/source"
rm -rf "$work"
mkdir -p "$copy"
# shellcheck source=tests/house/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What is built, and what is made of it; testdata is only read.
for name in CMakeLists.txt CHANGELOG.md CONTRIBUTING.md LICENSE README.md bench cmake completions docs examples fuzz \
    include scripts src tests; do
    cp -r "$SS_SOURCE_DIR/$name" "$copy/$name"
done
ln -s "$SS_SOURCE_DIR/testdata" "$copy/testdata"
find "$copy" -name __pycache__ -prune -exec rm -r {} +
cp -r "$copy" "$work/before"

# The files of the recipe, in its order.
mapfile -t recipe < <(sed -n '/^## A new command$/,/^## /s/^[0-9]*\. `\([^`]*\)`:.*/\1/p' "$copy/CONTRIBUTING.md")
[[ ${#recipe[@]} -ge 1 && ${#recipe[@]} -le $FILES_MAX ]] || fail "${#recipe[@]} files in CONTRIBUTING.md, at most $FILES_MAX"

# write_FILE: what stands in it of the toy; each name is that of a file, as CONTRIBUTING.md has it.
write() {
    case $1 in
    src/cli/commands.def) echo 'COMMAND(toy)' >>"$2" ;;
    src/cli/commands/cmd_NAME.c)
        cat >"$2" <<'C'
/*
 * cmd_toy.c - snapscope toy: the size of a file's pages.
 */
#include <inttypes.h>

#include "cmd.h"
#include "doc.h"
#include "report.h"

struct toy_opts {
    bool hex;
};

static const struct cli_option options[] = {
    {.name = "hex",
     .letter = 'x',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct toy_opts, hex),
     .help = "the size in hex",
     .more = "With --json it is a number all the same."},
    {.name = NULL},
};

static int run_toy(struct cli_run *run)
{
    const struct toy_opts *opts = run->opts;
    struct ss_file_facts facts;
    int code = cli_run_open_readable(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    ss_file_facts(run->file, &facts);
    if (run->common.json) {
        json_t *doc = cli_doc_new();
        cli_doc_text(doc, "file", run->input_name);
        cli_doc_number(doc, "page_size", facts.page_size);
        cli_doc_print(&run->out, doc);
    } else {
        cli_out_format(&run->out, opts->hex ? "0x%" PRIx32 "\n" : "%" PRIu32 "\n", facts.page_size);
    }
    return CLI_EXIT_OK;
}

const struct cli_command cli_cmd_toy = {
    .name = "toy",
    .args = "FILE",
    .summary = "print the size of a file's pages",
    .detail = "Prints the size of the file's pages, as its meta pages have it.",
    .exits = {[CLI_EXIT_OK] = "done, FILE has pages"},
    .options = options,
    .opts_size = sizeof(struct toy_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_toy,
};
C
        ;;
    docs/man/snapscope-NAME.1)
        cat >"$2" <<'MDOC'
.Dd January 1, 2026
.Dt SNAPSCOPE-TOY 1
.Os
.\" begin head
.\" end head
.Sh DESCRIPTION
Prints the size of the file's pages.
.Pp
.\" begin options
.\" end options
.\" begin exits
.\" end exits
.Sh EXAMPLES
.Dl $ snapscope toy backup.db
.Dl $ snapscope toy --hex backup.db
.Sh SEE ALSO
.Xr snapscope 1
MDOC
        ;;
    docs/schema/NAME.schema.json)
        cat >"$2" <<'JSON'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "snapscope toy --json",
  "oneOf": [
    {
      "type": "object",
      "properties": {
        "file": {"type": "string"},
        "page_size": {"$ref": "common.schema.json#/$defs/count"}
      },
      "required": ["file", "page_size"],
      "additionalProperties": false
    },
    {"$ref": "common.schema.json#/$defs/failure"}
  ]
}
JSON
        ;;
    tests/cli/test_NAME.sh)
        cat >"$2" <<'SH'
#!/usr/bin/env bash
# snapscope toy: the size of a file's pages.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture etcd36-16k
db="$scratch/etcd36-16k/snapshot.db"
run "$SNAPSCOPE" toy "$db"
expect_rc 0
expect_out_eq 16384
run "$SNAPSCOPE" toy --hex "$db"
expect_rc 0
expect_out_eq 0x4000
run "$SNAPSCOPE" toy --json "$db"
expect_rc 0
expect_schema toy
expect_eq "$(jq .page_size "$out")" 16384
run "$SNAPSCOPE" toy --json "$0"
expect_rc 3
expect_schema toy
summary
SH
        ;;
    tests/faults/commands.py) sed -i 's/^READING = f"""$/&\ntoy {{cluster}}\ntoy --json {{cluster}}/' "$2" ;;
    CHANGELOG.md) sed -i '0,/^### Added$/s//&\n\n- `toy`: the size of a file'\''s pages./' "$2" ;;
    *) fail "CONTRIBUTING.md names $1, which this test does not know how to write" ;;
    esac
}
for file in "${recipe[@]}"; do
    write "$file" "$copy/${file/NAME/toy}"
done
# touched FOLDER: what is otherwise in the copy than in this one
touched() {
    { diff -rq --no-dereference "$1" "$copy" || true; } |
        sed -E "s|^Only in $copy/?([^:]*): |\\1/|; s|^Files .* and $copy/([^ ]*) differ$|\\1|; s|^/||" | sort
}
touched "$work/before" >"$work/touched"
printf '%s\n' "${recipe[@]/NAME/toy}" | sort >"$work/recipe"
cmp -s "$work/touched" "$work/recipe" || fail "not what CONTRIBUTING.md lists: $(diff "$work/recipe" "$work/touched")"

# Only the program is built, without optimization: what it says is of interest, not how fast.
launcher=()
if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    export CCACHE_BASEDIR="$work" CCACHE_NOHASHDIR=1
fi
quiet configure cmake -G Ninja -S "$copy" -B "$work/build" -DCMAKE_C_COMPILER="$SS_CC" -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_C_FLAGS=-O0 -DSNAPSCOPE_WERROR=ON -DSNAPSCOPE_TESTS=ON "${launcher[@]}"
quiet build cmake --build "$work/build" --target snapscope_cli
toy="$work/build/src/cli/snapscope"

# says WORDS COMMAND...: its output has a line with these words
says() {
    "${@:2}" 2>&1 | grep -qF -- "$1" || fail "nowhere in '${*:2}': $1"
}
says '  toy         print the size' "$toy" --help
says '  -x, --hex                   the size in hex' "$toy" toy --help
says '  0  done, FILE has pages' "$toy" toy --help

# What is made of the table is old until it is made anew.
generate=(python3 "$copy/scripts/generate.py" "$toy")
! "${generate[@]}" --check >"$work/stale" || fail 'generate.py --check does not see the new command'
cp -r "$copy" "$work/written"
quiet generate "${generate[@]}"
touched "$work/written" >"$work/made"
made=(README.md completions/_snapscope completions/snapscope.bash completions/snapscope.fish docs/commands.md
    docs/man/snapscope-toy.1 docs/man/snapscope.1)
[[ $(<"$work/made") == "$(printf '%s\n' "${made[@]}")" ]] || fail "generate.py writes: $(<"$work/made")"
for file in "${made[@]}"; do
    grep -q '\btoy\b' "$copy/$file" || fail "$file does not have the command"
done
says 'print the size of a file' python3 -c 'import json, sys
print([c["summary"] for c in json.load(sys.stdin)["commands"] if c["name"] == "toy"])' < <("$toy" help --json)
says '| `toy FILE` | print the size of a file'"'"'s pages |' cat "$copy/README.md"
says '[`--json`](schema/toy.schema.json)' cat "$copy/docs/commands.md"
says '.It Fl x , Fl Fl hex' cat "$copy/docs/man/snapscope-toy.1"
says '.Ar file' cat "$copy/docs/man/snapscope-toy.1"
says '.Xr snapscope-toy 1 ,' cat "$copy/docs/man/snapscope.1"

# The suites know of it: its own test runs, and the fault suite asks for rows.
quiet tests ctest --test-dir "$work/build" -R '^cli_(toy|generated)$' --no-tests=error
[[ $(ctest --test-dir "$work/build" -N -R '^cli_toy$') == *'Total Tests: 1'* ]] || fail 'there is no test cli_toy'
if SNAPSCOPE=$toy python3 "$work/before/tests/faults/run.py" --table >"$work/rows.log" 2>&1; then
    fail 'the fault suite does not ask for rows'
fi
says 'commands.py has no row for toy' cat "$work/rows.log"
SNAPSCOPE=$toy quiet rows python3 "$copy/tests/faults/run.py" --table
if command -v mandoc >/dev/null; then
    said=$(mandoc -T lint -W style "$copy/docs/man/snapscope-toy.1" "$copy/docs/man/snapscope.1" |
        grep -v 'referenced manual not found' || true)
    [[ -z $said ]] || fail "$said"
fi

printf '%d files, %d failures\n' "${#recipe[@]}" "$failed"
[[ $failed -eq 0 ]]
