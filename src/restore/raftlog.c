/*
 * raftlog.c - see raftlog.h.
 */
#include "restore/raftlog.h"

#include "util/crc32c.h"
#include "wal/frames.h"

#include <inttypes.h>
#include <stdio.h>

#define RAFT_TERM 1u

enum {
    ENTRY_CONF_CHANGE = 1
};
enum {
    CONF_ADD_NODE = 0,
    CONF_ADD_LEARNER = 3
};

/* What etcd's v2 store keeps of its last events; it indexes the list, so all slots must be there. */
#define EVENT_SLOTS 1000u
#define NEVER "0001-01-01T00:00:00Z"

static void add_conf_state(struct ss_bytes *to, uint32_t field, const struct ss_cluster *cluster)
{
    struct ss_bytes state = {0};

    for (size_t i = 0; i < cluster->count; i++) {
        if (!cluster->peers[i].is_learner) {
            ss_bytes_pb_varint(&state, 1, cluster->peers[i].id);
        }
    }
    for (size_t i = 0; i < cluster->count; i++) {
        if (cluster->peers[i].is_learner) {
            ss_bytes_pb_varint(&state, 2, cluster->peers[i].id);
        }
    }
    ss_bytes_pb_bytes(to, field, state.ptr, state.len);
    to->failed = to->failed || state.failed;
    ss_bytes_fini(&state);
}

static void conf_change(const struct ss_peer *peer, struct ss_bytes *out)
{
    struct ss_bytes json = {0};

    ss_peer_json(peer, &json);
    ss_bytes_pb_varint(out, 1, 0);
    ss_bytes_pb_varint(out, 2, peer->is_learner ? CONF_ADD_LEARNER : CONF_ADD_NODE);
    ss_bytes_pb_varint(out, 3, peer->id);
    ss_bytes_pb_bytes(out, 4, json.ptr, json.len);
    out->failed = out->failed || json.failed;
    ss_bytes_fini(&json);
}

static void add_entry(struct ss_wal_frames *w, const struct ss_peer *peer, uint64_t index)
{
    struct ss_bytes change = {0}, entry = {0};

    conf_change(peer, &change);
    ss_bytes_pb_varint(&entry, 1, ENTRY_CONF_CHANGE);
    ss_bytes_pb_varint(&entry, 2, RAFT_TERM);
    ss_bytes_pb_varint(&entry, 3, index);
    ss_bytes_pb_bytes(&entry, 4, change.ptr, change.len);
    entry.failed = entry.failed || change.failed;
    ss_wal_frames_add(w, SS_WAL_ENTRY, &entry);
    ss_bytes_fini(&change);
    ss_bytes_fini(&entry);
}

/* The first voter by id: the peer that every log of this cluster voted for. */
static uint64_t vote_of(const struct ss_cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++) {
        if (!cluster->peers[i].is_learner) {
            return cluster->peers[i].id;
        }
    }
    return cluster->peers[0].id;
}

static void add_heads(struct ss_wal_frames *w, const struct ss_cluster *cluster,
                      const struct ss_peer *self)
{
    struct ss_bytes metadata = {0}, empty = {0};

    ss_bytes_pb_varint(&metadata, 1, self->id);
    ss_bytes_pb_varint(&metadata, 2, cluster->id);
    ss_bytes_pb_varint(&empty, 1, 0);
    ss_bytes_pb_varint(&empty, 2, 0);
    ss_wal_frames_add(w, SS_WAL_CRC, NULL);
    ss_wal_frames_add(w, SS_WAL_METADATA, &metadata);
    ss_wal_frames_add(w, SS_WAL_SNAPSHOT, &empty);
    ss_bytes_fini(&metadata);
    ss_bytes_fini(&empty);
}

static void add_tails(struct ss_wal_frames *w, const struct ss_cluster *cluster)
{
    struct ss_bytes state = {0}, snapshot = {0};

    ss_bytes_pb_varint(&state, 1, RAFT_TERM);
    ss_bytes_pb_varint(&state, 2, vote_of(cluster));
    ss_bytes_pb_varint(&state, 3, cluster->count);
    ss_bytes_pb_varint(&snapshot, 1, cluster->count);
    ss_bytes_pb_varint(&snapshot, 2, RAFT_TERM);
    add_conf_state(&snapshot, 3, cluster);
    ss_wal_frames_add(w, SS_WAL_STATE, &state);
    ss_wal_frames_add(w, SS_WAL_SNAPSHOT, &snapshot);
    ss_bytes_fini(&state);
    ss_bytes_fini(&snapshot);
}

void ss_wal_build(const struct ss_cluster *cluster, const struct ss_peer *self,
                  struct ss_bytes *out)
{
    struct ss_wal_frames w;

    ss_wal_frames_init(&w, out);
    add_heads(&w, cluster, self);
    for (size_t i = 0; i < cluster->count; i++) {
        add_entry(&w, &cluster->peers[i], i + 1);
    }
    add_tails(&w, cluster);
}

/* ------------------------------------------------------------------------------ the v2 store --- */

static void open_node(struct ss_bytes *out, const char *path, size_t index)
{
    ss_bytes_format(out,
                    "{\"Path\":\"%s\",\"CreatedIndex\":%zu,\"ModifiedIndex\":%zu,"
                    "\"ExpireTime\":\"" NEVER "\",\"Value\":",
                    path, index, index);
}

static void add_member_node(struct ss_bytes *out, const struct ss_peer *peer, size_t index)
{
    struct ss_bytes raft = {0};
    char path[64];

    ss_peer_raft_json(peer, &raft);
    ss_bytes_add(&raft, "", 1);
    ss_bytes_format(out, "\"%" PRIx64 "\":", peer->id);
    snprintf(path, sizeof(path), "/0/members/%" PRIx64, peer->id);
    open_node(out, path, index);
    ss_bytes_text(out, "\"\",\"Children\":{\"raftAttributes\":");
    snprintf(path, sizeof(path), "/0/members/%" PRIx64 "/raftAttributes", peer->id);
    open_node(out, path, index);
    if (!raft.failed) {
        ss_bytes_json(out, (const char *)raft.ptr);
    }
    ss_bytes_text(out, ",\"Children\":null}}}");
    out->failed = out->failed || raft.failed;
    ss_bytes_fini(&raft);
}

static void add_event(struct ss_bytes *out, const struct ss_peer *peer, size_t index)
{
    struct ss_bytes raft = {0};

    ss_peer_raft_json(peer, &raft);
    ss_bytes_add(&raft, "", 1);
    ss_bytes_format(out,
                    "{\"action\":\"create\",\"node\":{\"key\":\"/0/members/%" PRIx64
                    "/raftAttributes\",\"value\":",
                    peer->id);
    if (!raft.failed) {
        ss_bytes_json(out, (const char *)raft.ptr);
    }
    ss_bytes_format(out, ",\"modifiedIndex\":%zu,\"createdIndex\":%zu}}", index, index);
    out->failed = out->failed || raft.failed;
    ss_bytes_fini(&raft);
}

static void add_nodes(struct ss_bytes *out, const struct ss_cluster *cluster)
{
    ss_bytes_text(out, "{\"Root\":");
    open_node(out, "/", 0);
    ss_bytes_text(out, "\"\",\"Children\":{\"0\":");
    open_node(out, "/0", 0);
    ss_bytes_text(out, "\"\",\"Children\":{\"members\":");
    open_node(out, "/0/members", 1);
    ss_bytes_text(out, "\"\",\"Children\":{");
    for (size_t i = 0; i < cluster->count; i++) {
        ss_bytes_text(out, i > 0 ? "," : "");
        add_member_node(out, &cluster->peers[i], i + 1);
    }
    ss_bytes_text(out, "}}}},\"1\":");
    open_node(out, "/1", 0);
    ss_bytes_text(out, "\"\",\"Children\":{}}}}");
}

static void add_watcher_hub(struct ss_bytes *out, const struct ss_cluster *cluster)
{
    size_t n = cluster->count < EVENT_SLOTS ? cluster->count : EVENT_SLOTS;

    ss_bytes_text(out, ",\"WatcherHub\":{\"EventHistory\":{\"Queue\":{\"Events\":[");
    for (size_t i = 0; i < EVENT_SLOTS; i++) {
        ss_bytes_text(out, i > 0 ? "," : "");
        if (i < n) {
            add_event(out, &cluster->peers[i], i + 1);
        } else {
            ss_bytes_text(out, "null");
        }
    }
    ss_bytes_format(out,
                    "],\"Size\":%zu,\"Front\":0,\"Back\":%zu,\"Capacity\":%u},"
                    "\"StartIndex\":1,\"LastIndex\":%zu}},\"CurrentIndex\":%zu",
                    n, n % EVENT_SLOTS, EVENT_SLOTS, cluster->count, cluster->count);
}

static void v2_store(const struct ss_cluster *cluster, struct ss_bytes *out)
{
    static const char *const zero_stats[] = {
        "setsSuccess",
        "setsFail",
        "deleteSuccess",
        "deleteFail",
        "updateSuccess",
        "updateFail",
        "createFail",
        "compareAndSwapSuccess",
        "compareAndSwapFail",
        "compareAndDeleteSuccess",
        "compareAndDeleteFail",
        "expireCount",
        "watchers",
    };

    add_nodes(out, cluster);
    add_watcher_hub(out, cluster);
    ss_bytes_format(out, ",\"Stats\":{\"getsSuccess\":0,\"getsFail\":1,\"createSuccess\":%zu",
                    cluster->count);
    for (size_t i = 0; i < sizeof(zero_stats) / sizeof(zero_stats[0]); i++) {
        ss_bytes_format(out, ",\"%s\":0", zero_stats[i]);
    }
    ss_bytes_text(out, "},\"CurrentVersion\":2}");
}

void ss_snap_build(const struct ss_cluster *cluster, char name[SS_SNAP_NAME_LEN],
                   struct ss_bytes *out)
{
    struct ss_bytes store = {0}, metadata = {0}, raft = {0};
    struct ss_crc32c crc;

    snprintf(name, SS_SNAP_NAME_LEN, "%016x-%016zx.snap", RAFT_TERM, cluster->count);
    v2_store(cluster, &store);
    add_conf_state(&metadata, 1, cluster);
    ss_bytes_pb_varint(&metadata, 2, cluster->count);
    ss_bytes_pb_varint(&metadata, 3, RAFT_TERM);
    ss_bytes_pb_bytes(&raft, 1, store.ptr, store.len);
    ss_bytes_pb_bytes(&raft, 2, metadata.ptr, metadata.len);
    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, raft.ptr, raft.len);
    ss_bytes_pb_varint(out, 1, ss_crc32c_final(&crc));
    ss_bytes_pb_bytes(out, 2, raft.ptr, raft.len);
    out->failed = out->failed || store.failed || metadata.failed || raft.failed;
    ss_bytes_fini(&store);
    ss_bytes_fini(&metadata);
    ss_bytes_fini(&raft);
}
