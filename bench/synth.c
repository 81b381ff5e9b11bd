/*
 * synth.c - a snapshot of very many small keys, written by the library's own writer.
 *
 *   synth OUT KEYS ROUNDS VALUE_LEN
 *
 * A real etcd would need an hour for what this makes in a minute. Each round puts every key once, in
 * transactions of 64 and in an order far from that of the keys; then each hundredth key is deleted, and
 * the first hundredth of the revisions counts as compacted, as in bench/gen. Half of the values are
 * letters, half are bytes. The same arguments give the same file, which `verify` calls sound.
 *
 * The writer asks for everything twice and borrows what it gets, so the records are laid down first, one
 * behind another, in an unnamed file beside OUT: the memory is the page cache's.
 *
 *   ┌────────────┬──────────────┬──────────────────┬──────────┐
 *   │ key_len u8 │ value_len u32│ revision, 17 / 18│ KeyValue │ …
 *   └────────────┴──────────────┴──────────────────┴──────────┘
 */
#include "etcd/revision.h"
#include "util/bytes.h"
#include "util/endian.h"
#include "writer/writer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TXN_LEN 64u
#define FIRST_REVISION 2
#define RECORD_ROOM 128u /* revision, key, numbers and tags of one record; more than they take */
#define HEAD_LEN 5u
#define KEY_STEP \
    UINT64_C(4294967311) /* a prime above all: n times this, modulo the keys, meets each key once */

struct plan {
    uint64_t keys, rounds, value_len;
    uint64_t record_count;
    int64_t last, compacted;
    uint8_t *arena;
    uint64_t used, cap;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* ------------------------------------------------------------------------------------ records --- */

static void put_letters(uint8_t *out, uint64_t len, uint64_t seed, bool letters)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789";

    for (uint64_t i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = letters ? (uint8_t)alphabet[seed >> 58] : (uint8_t)(seed >> 56);
    }
}

/* The name of the n-th key that a round puts. */
static size_t key_name(const struct plan *plan, uint64_t n, char out[32])
{
    uint64_t number = n * (KEY_STEP % plan->keys) % plan->keys;

    return (size_t)snprintf(out, 32, "/k/%02" PRIu64 "/%010" PRIu64, number % 100, number);
}

static void lay_down(struct plan *plan, struct ss_revision rev, bool tombstone,
                     const struct ss_bytes *value)
{
    uint8_t *at = plan->arena + plan->used;
    size_t key_len = ss_revision_encode(rev, tombstone, at + HEAD_LEN);

    at[0] = (uint8_t)key_len;
    ss_store_u32(at + 1, (uint32_t)value->len, false);
    memcpy(at + HEAD_LEN + key_len, value->ptr, value->len);
    plan->used += HEAD_LEN + key_len + value->len;
    plan->record_count++;
    plan->last = rev.main;
}

static void make_put(struct plan *plan, uint64_t round, uint64_t n, uint8_t *content,
                     struct ss_bytes *scratch)
{
    int64_t txns = (int64_t)((plan->keys + TXN_LEN - 1) / TXN_LEN);
    int64_t first = FIRST_REVISION + (int64_t)(n / TXN_LEN);
    struct ss_revision rev = {first + (int64_t)round * txns, (int64_t)(n % TXN_LEN)};
    char name[32];

    scratch->len = 0;
    ss_bytes_pb_bytes(scratch, 1, name, key_name(plan, n, name));
    ss_bytes_pb_varint(scratch, 2, (uint64_t)first);
    ss_bytes_pb_varint(scratch, 3, (uint64_t)rev.main);
    ss_bytes_pb_varint(scratch, 4, round + 1);
    put_letters(content, plan->value_len, n << 8 | round, n % 2 == 0);
    ss_bytes_pb_bytes(scratch, 5, content, plan->value_len);
    lay_down(plan, rev, false, scratch);
}

static void make_records(struct plan *plan)
{
    struct ss_bytes scratch = {0};
    uint8_t *content = malloc(plan->value_len);

    if (content == NULL) {
        fail("synth");
    }
    for (uint64_t round = 0; round < plan->rounds; round++) {
        for (uint64_t n = 0; n < plan->keys; n++) {
            make_put(plan, round, n, content, &scratch);
        }
    }
    plan->compacted = plan->last / 100 > FIRST_REVISION ? plan->last / 100 : FIRST_REVISION;
    for (uint64_t n = 0; n < plan->keys; n += 100) {
        char name[32];

        scratch.len = 0;
        ss_bytes_pb_bytes(&scratch, 1, name, key_name(plan, n, name));
        lay_down(plan, (struct ss_revision){plan->last + 1, 0}, true, &scratch);
    }
    if (scratch.failed) {
        fail("synth");
    }
    ss_bytes_fini(&scratch);
    free(content);
}

static void open_arena(struct plan *plan, const char *out)
{
    char folder[4096];
    char *slash;
    int fd;

    snprintf(folder, sizeof(folder), "%s", out);
    slash = strrchr(folder, '/');
    if (slash == NULL) {
        strcpy(folder, ".");
    } else {
        *slash = '\0';
    }
    plan->cap =
        (plan->keys * plan->rounds + plan->keys / 100 + 1) * (plan->value_len + RECORD_ROOM);
    fd = open(folder, O_TMPFILE | O_RDWR, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)plan->cap) != 0) {
        fail(folder);
    }
    plan->arena = mmap(NULL, plan->cap, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (plan->arena == MAP_FAILED) {
        fail("mmap");
    }
    close(fd);
}

/* -------------------------------------------------------------------------------------- file --- */

static struct ss_span text(const char *words)
{
    return (struct ss_span){(const uint8_t *)words, strlen(words), 0};
}

static enum ss_status put_kept(struct ss_writer *w, const char *key, const void *bytes, size_t len,
                               struct ss_error *err)
{
    const uint8_t *kept = ss_writer_keep(w, bytes, len);

    if (kept == NULL) {
        return SS_SYSTEM;
    }
    return ss_writer_put(w, text(key), (struct ss_span){kept, len, 0}, err);
}

static enum ss_status put_u64(struct ss_writer *w, const char *key, uint64_t value,
                              struct ss_error *err)
{
    uint8_t bytes[8];

    ss_store_u64(bytes, value, true);
    return put_kept(w, key, bytes, sizeof(bytes), err);
}

static enum ss_status put_revision(struct ss_writer *w, const char *key, int64_t main,
                                   struct ss_error *err)
{
    uint8_t bytes[SS_TOMBSTONE_LEN];

    return put_kept(w, key, bytes, ss_revision_encode((struct ss_revision){main, 0}, false, bytes),
                    err);
}

static enum ss_status put_records(const struct plan *plan, struct ss_writer *w,
                                  struct ss_error *err)
{
    const uint8_t *at = plan->arena;
    enum ss_status status = SS_OK;

    for (uint64_t n = 0; n < plan->record_count && status == SS_OK; n++) {
        struct ss_span key = {at + HEAD_LEN, at[0], 0};
        struct ss_span value = {key.ptr + key.len, ss_load_u32(at + 1, false), 0};

        status = ss_writer_put(w, key, value, err);
        at = value.ptr + value.len;
    }
    return status;
}

static enum ss_status put_meta(const struct plan *plan, struct ss_writer *w, struct ss_error *err)
{
    static const char conf[] = "{\"voters\":[1],\"auto_leave\":false}";
    enum ss_status status = put_kept(w, "confState", conf, strlen(conf), err);

    if (status == SS_OK) {
        status = put_u64(w, "consistent_index", (uint64_t)plan->last + 10, err);
    }
    if (status == SS_OK) {
        status = put_revision(w, "finishedCompactRev", plan->compacted, err);
    }
    if (status == SS_OK) {
        status = put_revision(w, "scheduledCompactRev", plan->compacted, err);
    }
    if (status == SS_OK) {
        status = put_kept(w, "storageVersion", "3.6.0", 5, err);
    }
    return status == SS_OK ? put_u64(w, "term", 2, err) : status;
}

static enum ss_status produce(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    static const char *const names[] = {"alarm", "auth",  "authRoles", "authUsers",       "cluster",
                                        "key",   "lease", "members",   "members_removed", "meta"};
    static const char member[] =
        "{\"id\":1,\"peerURLs\":[\"http://localhost:2380\"],\"name\":\"bench\","
        "\"clientURLs\":[\"http://localhost:2379\"]}";
    enum ss_status status = SS_OK;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == SS_OK; i++) {
        status = ss_writer_begin(w, text(names[i]), 0, err);
        if (status == SS_OK && strcmp(names[i], "cluster") == 0) {
            status = put_kept(w, "clusterVersion", "3.6.0", 5, err);
        }
        if (status == SS_OK && strcmp(names[i], "key") == 0) {
            status = put_records(ctx, w, err);
        }
        if (status == SS_OK && strcmp(names[i], "members") == 0) {
            status = put_kept(w, "1", member, strlen(member), err);
        }
        if (status == SS_OK && strcmp(names[i], "meta") == 0) {
            status = put_meta(ctx, w, err);
        }
        if (status == SS_OK) {
            status = ss_writer_end(w, err);
        }
    }
    return status;
}

static bool write_out(void *ctx, const void *bytes, size_t len)
{
    struct ss_error err = {0};

    return ss_output_write(ctx, bytes, len, &err) == SS_OK;
}

static uint64_t number(const char *word)
{
    char *end;
    unsigned long long value = strtoull(word, &end, 10);

    if (*end != '\0' || value == 0 || value > UINT32_MAX) {
        fprintf(stderr, "synth: not a number from 1 to 4294967295: %s\n", word);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    struct ss_writer_opts opts = {.page_size = 4096, .hash = true, .txid = 3};
    struct ss_writer_result result;
    struct ss_error err = {0};
    struct ss_output *out = NULL;
    struct plan plan = {0};
    char shown[1024];

    if (argc != 5) {
        fprintf(stderr, "usage: synth OUT KEYS ROUNDS VALUE_LEN\n");
        return 2;
    }
    plan.keys = number(argv[2]);
    plan.rounds = number(argv[3]);
    plan.value_len = number(argv[4]);
    open_arena(&plan, argv[1]);
    make_records(&plan);
    if (ss_output_open(argv[1], false, NULL, &out, &err) != SS_OK ||
        ss_write_db(&opts, produce, &plan, write_out, out, &result, &err) != SS_OK ||
        ss_output_commit(out, &err) != SS_OK) {
        ss_output_free(out);
        fprintf(stderr, "synth: %s\n", ss_error_text(&err, shown, sizeof(shown)));
        return 1;
    }
    ss_output_free(out);
    munmap(plan.arena, plan.cap);
    return 0;
}
