/*
 * What restore writes, read back. In parts (parts.h): words of the command line, then a snapshot.
 *
 *   words, one a line:  initial cluster ⏎ token ⏎ learners ⏎ name ⏎ peer URLs ⏎ bump, decimal
 *   an empty line is not given
 *
 *   - A cluster that is accepted has members in order of their ids, each id once, the SHA-1 that etcd
 *     computes, and a voter.
 *   - Every member's log is read by our own reader as what was meant; the raft snapshot is JSON in a protocol
 *     buffer with a right sum.
 *   - The db of a snapshot without damage is written, has no damage, holds these members and what the
 *     snapshot holds under `key`, and with a bump that revision. Of a damaged one it may be refused.
 *   - The dry run agrees: it finds the same cluster, and its revision is that of the db.
 *
 * Nothing is written to a disk. Bounds: 4 KiB of words, 128 KiB of snapshot; memory of at most MEMORY_MAX +
 * MEMORY_PER_BYTE x the length.
 */
#include "parts.h"
#include "probe.h"

#include "restore/raftlog.h"
#include "restore/restore_db.h"
#include "util/crc32c.h"
#include "util/wire.h"
#include "wal/wal.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/sha.h>

#define WORDS_MAX 4096u
#define INPUT_MAX (WORDS_MAX + (UINT32_C(1) << 17))
#define LOGS_MAX 4u /* members whose logs are looked at */
#define MEMORY_MAX (UINT64_C(16) << 20)
#define MEMORY_PER_BYTE 256u
#define ABSENT_DIR "/dev/shm/snapscope-fuzz-none" /* a dry run makes nothing there */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    WORD_CLUSTER,
    WORD_TOKEN,
    WORD_LEARNERS,
    WORD_NAME,
    WORD_URLS,
    WORD_BUMP,
    WORD_COUNT
};

struct words {
    char text[WORDS_MAX + 1];
    const char *word[WORD_COUNT]; /* NULL: not given */
};

static void take_words(struct words *w, const uint8_t *bytes, size_t len)
{
    char *at = w->text;

    memset(w->word, 0, sizeof(w->word));
    if (len > 0) {
        memcpy(w->text, bytes, len);
    }
    w->text[len] = '\0';
    for (int i = 0; i < WORD_COUNT && at != NULL; i++) {
        char *line = strsep(&at, "\n");

        if (line[0] != '\0') {
            w->word[i] = line;
        }
    }
}

/* ------------------------------------------------------------------------------------ cluster --- */

static uint64_t sha1_id(const void *bytes, size_t len)
{
    uint8_t digest[SHA_DIGEST_LENGTH];

    SHA1(bytes, len, digest);
    return ss_load_u64(digest, true);
}

static void check_cluster(const struct ss_cluster *cluster, const char *token)
{
    size_t voters = 0;

    PROBE(cluster->count > 0);
    for (size_t i = 0; i < cluster->count; i++) {
        const struct ss_peer *peer = &cluster->peers[i];
        char text[2 * WORDS_MAX + 64];
        size_t len = 0;

        PROBE(peer->url_count > 0 && peer->name[0] != '\0');
        for (size_t k = 0; k < peer->url_count; k++) {
            PROBE(k == 0 || strcmp(peer->urls[k - 1], peer->urls[k]) < 0);
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", peer->urls[k]);
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", token);
        PROBE(peer->id == sha1_id(text, len));
        PROBE(i == 0 || cluster->peers[i - 1].id < peer->id);
        PROBE(ss_cluster_find(cluster, peer->name) == peer);
        voters += !peer->is_learner;
    }
    PROBE(voters > 0);
}

/* --------------------------------------------------------------------------------------- log --- */

static void check_log(const struct ss_cluster *cluster, const struct ss_peer *self)
{
    struct ss_bytes log = {0};
    struct ss_wal_scan scan, torn;
    struct ss_error err;

    ss_wal_build(cluster, self, &log);
    PROBE(!log.failed && log.len % 8 == 0 && log.len < SS_WAL_SEGMENT_LEN);
    ss_wal_scan_init(&scan);
    PROBE(ss_wal_scan_segment(&scan, ss_span_of(log.ptr, log.len), true, &err) == SS_OK);
    ss_wal_scan_finish(&scan, cluster->count);
    PROBE(scan.facts.record_count == cluster->count + 5 && !scan.facts.torn);
    PROBE(scan.facts.node_id == self->id && scan.facts.cluster_id == cluster->id);
    PROBE(scan.facts.term == 1 && scan.facts.commit == cluster->count);
    PROBE(scan.facts.entry_first == 1 && scan.facts.entry_last == cluster->count);
    PROBE(scan.facts.snapshot_index == cluster->count && scan.facts.beyond_count == 0);
    PROBE(scan.facts.entry_last_term == 1 && scan.facts.vote != 0);
    ss_wal_scan_init(&torn);
    PROBE(ss_wal_scan_segment(&torn, ss_span_of(log.ptr, log.len - 1), true, &err) == SS_OK);
    PROBE(torn.facts.torn);
    ss_bytes_fini(&log);
}

/* The field of that number in a message, which must be there, of bytes. */
static struct ss_span bytes_field(struct ss_span message, uint32_t number)
{
    struct ss_wire w;
    struct ss_wire_field field;
    struct ss_span found = {0};
    struct ss_error err;
    enum ss_status status;

    ss_wire_init(&w, message, SS_E_FIELD, SS_NONE);
    while ((status = ss_wire_next(&w, &field, &err)) == SS_OK) {
        if (field.number == number && field.type == SS_WIRE_BYTES) {
            found = field.body;
        }
    }
    PROBE(status == SS_END && found.ptr != NULL);
    return found;
}

static void check_snap(const struct ss_cluster *cluster)
{
    struct ss_bytes snap = {0};
    char name[SS_SNAP_NAME_LEN], due[SS_SNAP_NAME_LEN];
    struct ss_span message, raft, store;
    struct ss_wire w;
    struct ss_wire_field crc;
    struct ss_crc32c sum;
    struct ss_error err;
    json_t *json;

    ss_snap_build(cluster, name, &snap);
    PROBE(!snap.failed);
    snprintf(due, sizeof(due), "%016x-%016zx.snap", 1, cluster->count);
    PROBE(strcmp(name, due) == 0);
    message = ss_span_of(snap.ptr, snap.len);
    ss_wire_init(&w, message, SS_E_FIELD, SS_NONE);
    PROBE(ss_wire_next(&w, &crc, &err) == SS_OK && crc.number == 1);
    raft = bytes_field(message, 2);
    ss_crc32c_init(&sum);
    ss_crc32c_add(&sum, raft.ptr, raft.len);
    PROBE(crc.value == ss_crc32c_final(&sum));
    store = bytes_field(raft, 1);
    json = json_loadb((const char *)store.ptr, (size_t)store.len, 0, NULL);
    PROBE(json_is_object(json));
    json_decref(json);
    bytes_field(raft, 2);
    ss_bytes_fini(&snap);
}

/* ---------------------------------------------------------------------------------------- db --- */

struct members {
    const struct ss_cluster *cluster;
    size_t count;
};

static bool see_member(void *ctx, const struct ss_member *m)
{
    struct members *seen = ctx;
    const struct ss_peer *peer = ss_cluster_find(seen->cluster, (const char *)m->name.ptr);

    PROBE(!m->removed && peer != NULL && peer->id == m->id && m->value_id == m->id);
    PROBE(m->is_learner == peer->is_learner && m->peer_url_count == peer->url_count);
    for (size_t i = 0; i < peer->url_count; i++) {
        PROBE(strcmp((const char *)m->peer_urls[i].ptr, peer->urls[i]) == 0);
    }
    PROBE(m->client_url_count == 0);
    seen->count++;
    return true;
}

static void check_members(const struct ss_file *file, const struct ss_cluster *cluster)
{
    struct members seen = {cluster, 0};
    struct ss_etcd_meta *meta;
    struct ss_error err;
    uint64_t faults;

    PROBE(ss_members(file, see_member, NULL, &seen, &faults, &err) == SS_OK);
    PROBE(faults == 0 && seen.count == cluster->count);
    PROBE(ss_etcd_meta_new(file, NULL, NULL, &faults, &meta, &err) == SS_OK);
    PROBE(meta->has_consistent_index && meta->consistent_index == cluster->count);
    PROBE(meta->has_term && meta->term == 1 && meta->has_conf_state);
    PROBE(meta->conf_state.voter_count + meta->conf_state.learner_count == cluster->count);
    ss_etcd_meta_free(meta);
}

/* The keys of both, which a bump does not touch. */
static void check_keys(const struct ss_file *from, const struct ss_file *to,
                       struct ss_revision bumped)
{
    struct ss_rev_facts before, after;
    struct ss_diff_opts opts = {.values_only = true};
    struct ss_diff_result diff;
    struct ss_error err;

    PROBE(ss_rev_facts(from, &before, &err) == SS_OK);
    PROBE(ss_rev_facts(to, &after, &err) == SS_OK);
    if (bumped.main != 0) {
        PROBE(after.last.main == bumped.main && after.scheduled_compact == bumped.main);
        PROBE(after.compacted >= bumped.main && after.current == after.compacted);
    } else {
        PROBE(after.current == before.current && after.compacted == before.compacted);
        opts.values_only = false;
    }
    PROBE(ss_diff(from, to, &opts, NULL, NULL, &probe_one, &diff, NULL, &err) == SS_OK);
    PROBE(diff.added + diff.removed + diff.modified == 0 && diff.count_a == diff.count_b);
}

static void check_db(const struct ss_file *from, const struct ss_cluster *cluster,
                     struct ss_revision bumped, const struct probe_sink *sink, bool clean)
{
    struct ss_file *to = probe_open(sink->bytes, sink->len);
    struct ss_verify_report *report;

    probe_written(to, !clean);
    check_members(to, cluster);
    if (clean) {
        report = probe_verify(to, sink->len);
        PROBE(report->error_count == 0 && report->is_etcd);
        ss_verify_free(report);
        check_keys(from, to, bumped);
    }
    ss_close(to);
}

/* True: the db was written, with the last revision in *revision. */
static bool write_db(const struct ss_file *file, const struct ss_cluster *cluster, uint64_t bump,
                     size_t len, int64_t *revision)
{
    struct ss_verify_report *report = probe_verify(file, len);
    bool clean = probe_damage(report) == 0 && report->is_etcd;
    struct ss_restore_db db = {.file = file, .cluster = cluster};
    struct ss_writer_opts opts = {.page_size = 4096, .txid = 1};
    struct probe_sink sink = {.limit = MEMORY_MAX + MEMORY_PER_BYTE * len};
    struct ss_writer_result written;
    struct ss_rev_facts facts;
    struct ss_error err;
    enum ss_status status = ss_rev_facts(file, &facts, &err);

    ss_verify_free(report);
    if (status == SS_OK && bump != 0) {
        status = ss_restore_bump(file, bump, &db.bumped, &err);
    }
    PROBE(status == SS_OK || !clean || (bump != 0 && err.code == SS_E_ARGUMENT));
    if (status == SS_OK && facts.is_etcd) {
        *revision = bump != 0 ? db.bumped.main : facts.current;
        status =
            ss_write_db(&opts, ss_restore_db_produce, &db, probe_sink_write, &sink, &written, &err);
        PROBE(status == SS_OK || !clean);
        PROBE(status == SS_OK || (err.code != SS_E_OUTPUT && err.code != SS_E_NOMEM));
        if (status == SS_OK) {
            PROBE(written.out_len == sink.len && written.db_len == sink.len);
            check_db(file, cluster, db.bumped, &sink, clean);
        }
    }
    probe_sink_fini(&sink);
    return status == SS_OK && facts.is_etcd;
}

/* ----------------------------------------------------------------------------------- dry run --- */

static void dry_run(const struct ss_file *file, const struct words *w, uint64_t bump,
                    const struct ss_cluster *cluster, bool written, int64_t revision)
{
    struct ss_restore_opts opts = {.initial_cluster = w->word[WORD_CLUSTER],
                                   .token = w->word[WORD_TOKEN],
                                   .learners = w->word[WORD_LEARNERS],
                                   .name = w->word[WORD_NAME],
                                   .peer_urls = w->word[WORD_URLS],
                                   .data_dir = ABSENT_DIR,
                                   .bump_revision = bump,
                                   .dry_run = true};
    struct ss_restore_result result;
    struct ss_error err;

    for (int all = 0; all < 2; all++) {
        opts.all_members = all == 1;
        if (ss_restore_unchecked(file, &opts, NULL, &result, &err) == SS_OK) {
            PROBE(cluster->count > 0 && result.member_count == cluster->count);
            PROBE(result.cluster_id == cluster->id);
            PROBE(!written || result.revision == revision);
        } else {
            probe_error(&err, SIZE_MAX);
            PROBE(err.code != SS_E_OUTPUT);
        }
        ss_restore_result_fini(&result);
    }
}

static void check(const struct words *w, const struct ss_file *file, size_t len)
{
    const char *token =
        w->word[WORD_TOKEN] != NULL ? w->word[WORD_TOKEN] : SS_RESTORE_TOKEN_DEFAULT;
    const char *initial =
        w->word[WORD_CLUSTER] != NULL ? w->word[WORD_CLUSTER] : SS_RESTORE_CLUSTER_DEFAULT;
    uint64_t bump = w->word[WORD_BUMP] != NULL ? strtoull(w->word[WORD_BUMP], NULL, 10) : 0;
    struct ss_cluster cluster = {0};
    struct ss_error err;
    bool written = false;
    int64_t revision = 0;

    if (ss_cluster_parse(initial, token, w->word[WORD_LEARNERS], &cluster, &err) == SS_OK) {
        check_cluster(&cluster, token);
        for (size_t i = 0; i < cluster.count && i < LOGS_MAX; i++) {
            check_log(&cluster, &cluster.peers[i]);
        }
        check_snap(&cluster);
        if (ss_file_readable(file, &err) == SS_OK) {
            written = write_db(file, &cluster, bump, len, &revision);
        }
    } else {
        PROBE(err.code == SS_E_ARGUMENT && cluster.count == 0);
        probe_error(&err, SIZE_MAX);
    }
    if (ss_file_readable(file, &err) == SS_OK) {
        dry_run(file, w, bump, &cluster, written, revision);
    }
    ss_cluster_fini(&cluster);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_parts parts = fuzz_split(data, size);
    struct words words;
    struct ss_file *file;

    if (size > INPUT_MAX || parts.first_len > WORDS_MAX) {
        return 0;
    }
    take_words(&words, parts.first, parts.first_len);
    probe_memory_begin();
    file = probe_open(parts.second, parts.second_len);
    check(&words, file, parts.second_len);
    ss_close(file);
    probe_memory_end(MEMORY_MAX + MEMORY_PER_BYTE * size);
    return 0;
}
