# bash completion of snapscope; made by scripts/generate.py from the program's own tables; edit those.
_snapscope() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local options='' choices='' values=''
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'info verify status hashkv diff dump get history members leases alarms auth meta buckets keys pages page convert restore salvage help --help --version' -- "$word")
        return
    fi
    case $command in
    help) mapfile -t COMPREPLY < <(compgen -W 'info verify status hashkv diff dump get history members leases alarms auth meta buckets keys pages page convert restore salvage --json' -- "$word"); return ;;
    info)
        options='--no-hash --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--threads --member --page-size --unpacked-limit'
        case $before in
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    verify)
        options='--only --require-hash --max-findings --report -o --output --force --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--only --max-findings --report -o --output --threads --member --page-size --unpacked-limit'
        case $before in
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    status)
        options='-w --write-out --count --skip-hash-check --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--threads --member --page-size --unpacked-limit'
        case $before in
        -w|--write-out) choices='simple json table fields' ;;
        --count) choices='live all' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    hashkv)
        options='--rev --compact-revision -w --write-out --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--rev --compact-revision --threads --member --page-size --unpacked-limit'
        case $before in
        -w|--write-out) choices='simple json table fields' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    diff)
        options='--revisions --buckets --rev --rev-a --rev-b --meta-a --meta-b --prefix --from --to --key-format --keys-only --values-only --ignore-lease --format --values --show-values --summary --depth --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--rev --rev-a --rev-b --prefix --from --to --depth --member --page-size --unpacked-limit'
        case $before in
        --meta-a) choices='auto 0 1' ;;
        --meta-b) choices='auto 0 1' ;;
        --key-format) choices='text escaped hex base64' ;;
        --format) choices='text ndjson' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    dump)
        options='--format --rev --revisions --keys-only --prefix --from --to --key-format -b --bucket --all-buckets --keep-going --redact --redact-key-file -o --output -f --force --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--rev --prefix --from --to -b --bucket --redact-key-file -o --output --member --page-size --unpacked-limit'
        case $before in
        --format) choices='auto ndjson json etcdctl tar' ;;
        --key-format) choices='text escaped hex base64' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    get)
        options='--rev -b --bucket --key-format -r --raw --keep-going --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--rev -b --bucket --member --page-size --unpacked-limit'
        case $before in
        --key-format) choices='text escaped hex base64' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    history)
        options='-p --prefix --values --key-format --keep-going --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        --key-format) choices='text escaped hex base64' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    members)
        options='-w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    leases)
        options='-w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    alarms)
        options='-w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    auth)
        options='--secrets --only -w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        --only) choices='both roles users' ;;
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    meta)
        options='--json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    buckets)
        options='--keep-going -w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    keys)
        options='-n --limit --hex --values -l --long --keep-going -w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='-n --limit --member --page-size --unpacked-limit'
        case $before in
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    pages)
        options='--use -w --format --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        --use) choices='all meta freelist reachable overflow free orphan' ;;
        -w|--format) choices='text json ndjson csv' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    page)
        options='-x --hex --values --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--member --page-size --unpacked-limit'
        case $before in
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    convert)
        options='-o --output -f --force --rebuild --no-hash --allow-missing-hash --skip-hash-check --out-page-size --byte-order --store-freelist --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='-o --output --out-page-size --threads --member --page-size --unpacked-limit'
        case $before in
        --byte-order) choices='same little big' ;;
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    restore)
        options='--data-dir --wal-dir --name --initial-cluster --initial-cluster-token --initial-advertise-peer-urls --allow-missing-hash --skip-hash-check --bump-revision --mark-compacted --initial-memory-map-size --learners --all-members --dry-run --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='--data-dir --wal-dir --name --initial-cluster --initial-cluster-token --initial-advertise-peer-urls --bump-revision --initial-memory-map-size --learners --all-members --threads --member --page-size --unpacked-limit'
        case $before in
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    salvage)
        options='-o --output --dry-run --include-freed --report --conflicts --lost -f --force --threads --json --member --page-size --meta --unpacked-limit --no-color --no-progress --no-sandbox --require-sandbox -h --help' values='-o --output --report --conflicts --lost --threads --member --page-size --unpacked-limit'
        case $before in
        --meta) choices='auto 0 1' ;;
        esac
        ;;
    *) return ;;
    esac
    if [[ -n $choices ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
    elif [[ $word == -* && " $values " != *" $before "* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _snapscope snapscope
