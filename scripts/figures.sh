#!/usr/bin/env bash
# Usage: scripts/figures.sh [FOLDER]
# Figures about the source in FOLDER (default: this one): what the table in docs/architecture.md compares. Another
# state is measured in a worktree of its own: git worktree add /tmp/before COMMIT; scripts/figures.sh /tmp/before
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# Files and lines of C below the folders given, and not in folders below those named.
count()
{
    local files
    files=$(git ls-files -- "$@" | grep -E '\.(c|h|def)$' || true)
    if [[ -z $files ]]; then
        printf '0 files, 0 lines\n'
        return
    fi
    printf '%d files, %d lines\n' "$(wc -l <<< "$files")" "$(xargs cat <<< "$files" | wc -l)"
}

sites()
{
    git grep -hE "(^|[^a-z_])$1\(" -- 'src/*.c' 'src/*.h' | grep -vcE '^[ /]*\*' || true
}

for folder in include src src/util src/source src/parser src/etcd src/wal src/writer src/verify src/rows src/intake \
    src/convert src/diff src/restore src/export src/cli; do
    printf '%-24s%s\n' "$folder" "$(count "$folder")"
done
# Commands: what is run for one of them. Before there was a folder for these: files named after a command.
printf '%-24s%s\n' 'command files' "$(count src/cli/commands 'src/cli/cmd_*.c' 'src/cli/diff*' 'src/cli/info*' \
    'src/cli/verify*' src/cli/restore.h src/cli/restore_print.c src/cli/intake.c src/cli/intake.h)"
printf '%-24s%s\n' 'realloc sites' "$(sites realloc)"
printf '%-24s%s\n' 'pthread_create sites' "$(sites pthread_create)"
# Options that say how a call runs, and the one struct that does.
printf '%-24s%s\n' 'threads members' "$(grep -cE '^    unsigned threads;' include/snapscope.h || true)"
printf '%-24s%s\n' 'progress members' "$(grep -cE '^    ss_progress_fn progress;' include/snapscope.h || true)"
# The list that house_newcommand follows to the letter.
printf '%-24s%s\n' 'files of a new command' "$(sed -n '/^## A new command/,/^Then /p' CONTRIBUTING.md | grep -cE '^[0-9]+\. ' ||
    true)"
