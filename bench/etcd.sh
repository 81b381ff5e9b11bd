# Starts a real etcd 3.6 for the scripts that make snapshots. Sourced, not run.
#
#   start_etcd DATA_DIR     sets url; stop_etcd ends it
#   save_snapshot OUT       a snapshot of it, which appears whole or not at all
#
# ORACLES is where tests/oracle/build.sh put etcd 3.6, default build/oracles. Expects `here` and `work`.

oracles=${ORACLES:-$here/../build/oracles}
etcd=$(realpath -- "$oracles/etcd36/etcd")
etcdctl=$(realpath -- "$oracles/etcd36/etcdctl")
etcdutl=$(realpath -- "$oracles/etcd36/etcdutl")
url=
pid=

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The addresses first: a restored data directory holds the peer's in its member list.
choose_ports() {
    url=http://127.0.0.1:$(free_port)
    peer_url=http://127.0.0.1:$(free_port)
}

start_etcd() {
    "$etcd" --name bench --data-dir "$1" --unsafe-no-fsync --log-level error \
        --quota-backend-bytes 17179869184 --max-txn-ops 128 --max-request-bytes 16777216 \
        --listen-client-urls "$url" --advertise-client-urls "$url" \
        --listen-peer-urls "$peer_url" --initial-advertise-peer-urls "$peer_url" \
        --initial-cluster "bench=$peer_url" >"$work/etcd.log" 2>&1 &
    pid=$!
    for _ in $(seq 240); do
        if "$etcdctl" --endpoints "$url" endpoint health >/dev/null 2>&1; then return; fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    cat "$work/etcd.log" >&2
    return 1
}

stop_etcd() {
    [[ -z $pid ]] || { kill "$pid" && wait "$pid"; } 2>/dev/null || true
    pid=
}

save_snapshot() {
    "$etcdctl" --endpoints "$url" --command-timeout 600s snapshot save "$work/snapshot.db" \
        >"$work/save.log" 2>&1 || { cat "$work/save.log" >&2; return 1; }
    mv -- "$work/snapshot.db" "$1"
    ls -l -- "$1" >&2
}
