/*
 * What etcd keeps beside its keys: JSON, protocol buffers, numbers and words in nine small buckets.
 *
 *   element:  bucket u8 (mod 9) │ key_len u8 │ value_len u16 LE │ key │ value      and so on to the end
 *
 * The elements are sorted and laid into a sound little-endian file with an empty bucket `key`; a length
 * that passes the end is cut. So all mutations are of what the decoders see, none of the tree.
 *
 * Each element is either given to the callback or counted as a fault, never both; strings end and
 * places lie inside the file. Every question is answered, `verify` alike on 1 and 4 threads, and a
 * dump of all buckets ends. Memory: MEMORY_MAX and 64 bytes for each byte of input.
 */
#include "probe.h"

#include "util/endian.h"
#include "util/span.h"
#include "writer/writer.h"

#define INPUT_MAX (UINT32_C(1) << 16)
#define ELEMENT_MAX 256u
#define HEAD_LEN 4u
#define MEMORY_MAX (UINT64_C(16) << 20)
#define MEMORY_PER_BYTE 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BUCKET_ALARM,
    BUCKET_AUTH,
    BUCKET_ROLES,
    BUCKET_USERS,
    BUCKET_CLUSTER,
    BUCKET_KEY,
    BUCKET_LEASE,
    BUCKET_MEMBERS,
    BUCKET_REMOVED,
    BUCKET_META,
    BUCKET_COUNT
};

/* In byte order, as the writer wants them. */
static const char *const names[BUCKET_COUNT] = {"alarm",           "auth", "authRoles", "authUsers",
                                                "cluster",         "key",  "lease",     "members",
                                                "members_removed", "meta"};

/* What byte 0 of an element may name: all but `key`. */
static const uint8_t choices[] = {BUCKET_MEMBERS, BUCKET_REMOVED, BUCKET_CLUSTER,
                                  BUCKET_META,    BUCKET_ALARM,   BUCKET_LEASE,
                                  BUCKET_AUTH,    BUCKET_ROLES,   BUCKET_USERS};

struct element {
    unsigned bucket;
    struct ss_span key, value;
};

struct input {
    struct element elements[ELEMENT_MAX];
    uint32_t count;
    uint64_t per_bucket[BUCKET_COUNT];
};

/* What a reader of one or two buckets gave. */
struct seen {
    size_t len; /* of the file */
    uint64_t given, faults;
};

static int by_key(const void *a, const void *b)
{
    const struct element *x = a, *y = b;

    if (x->bucket != y->bucket) {
        return x->bucket < y->bucket ? -1 : 1;
    }
    return ss_span_cmp(x->key, y->key);
}

static void take_elements(struct input *in, const uint8_t *data, size_t size)
{
    uint32_t kept = 0;

    for (size_t at = 0; size - at > HEAD_LEN && in->count < ELEMENT_MAX;) {
        struct element *e = &in->elements[in->count];
        size_t left = size - at - HEAD_LEN;
        size_t key_len = data[at + 1] < left ? data[at + 1] : left;
        size_t value_len = ss_load_u16(data + at + 2, false);

        if (value_len > left - key_len) {
            value_len = left - key_len;
        }
        e->bucket = choices[data[at] % sizeof(choices)];
        e->key = ss_span_of(data + at + HEAD_LEN, key_len);
        e->value = ss_span_of(data + at + HEAD_LEN + key_len, value_len);
        in->count += key_len > 0;
        at += HEAD_LEN + key_len + value_len;
    }
    qsort(in->elements, in->count, sizeof(in->elements[0]), by_key);
    for (uint32_t i = 0; i < in->count; i++) {
        if (i == 0 || by_key(&in->elements[i - 1], &in->elements[i]) != 0) {
            in->per_bucket[in->elements[i].bucket]++;
            in->elements[kept++] = in->elements[i];
        }
    }
    in->count = kept;
}

static enum ss_status produce(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    const struct input *in = ctx;
    enum ss_status status = SS_OK;

    for (unsigned bucket = 0; bucket < BUCKET_COUNT && status == SS_OK; bucket++) {
        status = ss_writer_begin(w, ss_span_of(names[bucket], strlen(names[bucket])), 0, err);
        for (uint32_t i = 0; i < in->count && status == SS_OK; i++) {
            if (in->elements[i].bucket == bucket) {
                status = ss_writer_put(w, in->elements[i].key, in->elements[i].value, err);
            }
        }
        if (status == SS_OK) {
            status = ss_writer_end(w, err);
        }
    }
    return status;
}

/* ---------------------------------------------------------------------------------- questions --- */

static void see_place(struct seen *seen, uint64_t off, uint64_t pgid)
{
    PROBE(off < seen->len && pgid != SS_NONE);
    seen->given++;
}

static void see_fault(void *ctx, const struct ss_error *fault)
{
    struct seen *seen = ctx;

    probe_error(fault, seen->len);
    PROBE(fault->bucket[0] != '\0');
    seen->faults++;
}

static bool see_member(void *ctx, const struct ss_member *m)
{
    uint64_t len = m->name.len;

    PROBE(m->name.ptr[m->name.len] == '\0');
    for (size_t i = 0; i < m->peer_url_count; i++) {
        len += m->peer_urls[i].len;
    }
    for (size_t i = 0; i < m->client_url_count; i++) {
        len += m->client_urls[i].len;
    }
    /* A byte that is no UTF-8 becomes the three of U+FFFD. */
    PROBE(len <= 3 * INPUT_MAX);
    see_place(ctx, m->off, m->pgid);
    return true;
}

static bool see_lease(void *ctx, const struct ss_lease *lease)
{
    see_place(ctx, lease->off, lease->pgid);
    return true;
}

static bool see_alarm(void *ctx, const struct ss_alarm *alarm)
{
    PROBE(ss_alarm_name(alarm->type)[0] != '\0');
    see_place(ctx, alarm->off, alarm->pgid);
    return true;
}

static bool see_user(void *ctx, const struct ss_user *user)
{
    const struct seen *seen = ctx;

    PROBE(user->key.len > 0 && user->name.len + user->password.len <= seen->len);
    for (size_t i = 0; i < user->role_count; i++) {
        PROBE(user->roles[i].off <= seen->len - user->roles[i].len);
    }
    see_place(ctx, user->off, user->pgid);
    return true;
}

static bool see_role(void *ctx, const struct ss_role *role)
{
    const struct seen *seen = ctx;

    PROBE(role->key.len > 0 && role->name.len <= seen->len);
    for (size_t i = 0; i < role->permission_count; i++) {
        PROBE(role->permissions[i].key.len + role->permissions[i].range_end.len <= seen->len);
        PROBE(ss_permission_name(role->permissions[i].type)[0] != '\0');
    }
    see_place(ctx, role->off, role->pgid);
    return true;
}

static void all_seen(struct seen *seen, uint64_t faults, uint64_t due)
{
    PROBE(seen->faults == faults);
    PROBE(seen->given + seen->faults == due);
    seen->given = seen->faults = 0;
}

static void ask_lists(const struct ss_file *file, const struct input *in, struct seen *seen)
{
    const struct ss_auth_ops ops = {see_user, see_role, see_fault};
    const uint64_t *n = in->per_bucket;
    struct ss_auth_facts facts;
    struct ss_error err;
    uint64_t faults;

    PROBE(ss_members(file, see_member, see_fault, seen, &faults, &err) == SS_OK);
    all_seen(seen, faults, n[BUCKET_MEMBERS] + n[BUCKET_REMOVED]);
    PROBE(ss_leases(file, see_lease, see_fault, seen, &faults, &err) == SS_OK);
    all_seen(seen, faults, n[BUCKET_LEASE]);
    PROBE(ss_alarms(file, see_alarm, see_fault, seen, &faults, &err) == SS_OK);
    all_seen(seen, faults, n[BUCKET_ALARM]);
    PROBE(ss_auth(file, &ops, seen, &facts, &faults, &err) == SS_OK);
    PROBE(seen->faults == faults);
    PROBE(seen->given <= n[BUCKET_USERS] + n[BUCKET_ROLES]);
    PROBE(seen->given + seen->faults >= n[BUCKET_USERS] + n[BUCKET_ROLES]);
    PROBE(seen->given + seen->faults <= n[BUCKET_USERS] + n[BUCKET_ROLES] + n[BUCKET_AUTH]);
    seen->given = seen->faults = 0;
}

static void ask_meta(const struct ss_file *file, const struct input *in, struct seen *seen)
{
    const uint64_t n = in->per_bucket[BUCKET_META] + in->per_bucket[BUCKET_CLUSTER];
    struct ss_etcd_meta *meta;
    struct ss_boot_facts boot;
    struct ss_error err;
    uint64_t faults;

    PROBE(ss_etcd_meta_new(file, see_fault, seen, &faults, &meta, &err) == SS_OK);
    PROBE(seen->faults == faults && meta->extra_count + faults <= n);
    PROBE(meta->has_downgrade == (meta->downgrade_target != NULL));
    if (meta->storage_version != NULL) {
        PROBE(strlen(meta->storage_version) <= INPUT_MAX);
    }
    ss_etcd_meta_free(meta);
    PROBE(ss_boot_facts(file, &boot, &err) == SS_OK);
    PROBE(boot.is_etcd);
    for (int line = 0; line < SS_ETCD_LINES; line++) {
        PROBE(boot.lines[line].starts == (boot.lines[line].why == SS_BOOT_STARTS));
        PROBE(boot.lines[line].starts == (boot.lines[line].reason[0] == '\0'));
    }
}

static void ask_rest(const struct ss_file *file, size_t len)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_TAR, .all_buckets = true};
    struct ss_verify_report *report = probe_verify(file, len);
    struct ss_rev_facts facts;
    struct ss_etcd_status status;
    struct ss_dump_result result;
    struct ss_error err;
    uint64_t written = 0;

    PROBE(report->is_etcd && report->record_count == 0);
    if (ss_rev_facts(file, &facts, &err) == SS_OK) {
        PROBE(facts.is_etcd && facts.empty && facts.current >= 1);
    } else {
        PROBE(report->error_count > 0);
    }
    PROBE(ss_etcd_status(file, NULL, &status, &err) == SS_OK);
    PROBE(status.revision == 0 && status.live_count == 0);
    if (ss_dump(file, &opts, probe_count, &written, NULL, &result, &err) == SS_OK) {
        PROBE(written == result.out_len);
    } else {
        PROBE(report->error_count > 0);
    }
    ss_verify_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ss_writer_opts opts = {.page_size = 4096, .txid = 1, .hash = true};
    struct probe_sink sink = {.limit = SIZE_MAX};
    struct ss_writer_result result;
    struct input in = {.count = 0};
    struct seen seen = {0};
    struct ss_file *file;
    struct ss_error err;

    if (size > INPUT_MAX) {
        return 0;
    }
    take_elements(&in, data, size);
    probe_memory_begin();
    PROBE(ss_write_db(&opts, produce, &in, probe_sink_write, &sink, &result, &err) == SS_OK);
    file = probe_open(sink.bytes, sink.len);
    seen.len = sink.len;
    ask_lists(file, &in, &seen);
    ask_meta(file, &in, &seen);
    ask_rest(file, sink.len);
    ss_close(file);
    probe_sink_fini(&sink);
    probe_memory_end(MEMORY_MAX + MEMORY_PER_BYTE * size);
    return 0;
}
