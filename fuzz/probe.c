/*
 * probe.c - see probe.h.
 */
#include "probe.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

const struct ss_call probe_one = {.threads = 1}, probe_four = {.threads = 4};

struct ss_file *probe_open(const void *bytes, size_t len)
{
    struct ss_file *file;
    struct ss_error err;

    PROBE(ss_open_memory(bytes, len, "input", NULL, &file, &err) == SS_OK);
    return file;
}

bool probe_sink_write(void *sink, const void *bytes, size_t len)
{
    struct probe_sink *s = sink;

    if (len > s->limit - s->len) {
        return false;
    }
    if (s->cap - s->len < len) {
        size_t cap = 2 * (s->len + len);
        uint8_t *grown = realloc(s->bytes, cap);

        if (grown == NULL) {
            return false;
        }
        s->bytes = grown;
        s->cap = cap;
    }
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    return true;
}

void probe_sink_fini(struct probe_sink *sink)
{
    free(sink->bytes);
    *sink = (struct probe_sink){0};
}

bool probe_count(void *count, const void *bytes, size_t len)
{
    (void)bytes;
    *(uint64_t *)count += len;
    return true;
}

/* ------------------------------------------------------------------------------------- verify --- */

static void same_finding(const struct ss_finding *a, const struct ss_finding *b)
{
    PROBE(a->check == b->check && a->off == b->off && a->pgid == b->pgid);
    PROBE(a->element == b->element && strcmp(a->bucket, b->bucket) == 0);
    PROBE(strcmp(a->detail, b->detail) == 0);
    PROBE(strcmp(a->have, b->have) == 0 && strcmp(a->expect, b->expect) == 0);
}

void probe_same_hash(const struct ss_hash_report *a, const struct ss_hash_report *b)
{
    PROBE(a->state == b->state && a->computed == b->computed);
    PROBE(a->covered_len == b->covered_len && a->found_len == b->found_len);
    PROBE(memcmp(a->found, b->found, sizeof(a->found)) == 0);
    PROBE(memcmp(a->expected, b->expected, sizeof(a->expected)) == 0);
}

static void same_report(const struct ss_verify_report *a, const struct ss_verify_report *b)
{
    PROBE(a->verdict == b->verdict && strcmp(a->verdict_text, b->verdict_text) == 0);
    PROBE(a->checked == b->checked && a->is_etcd == b->is_etcd);
    probe_same_hash(&a->hash, &b->hash);
    PROBE(a->error_count == b->error_count && a->warning_count == b->warning_count);
    PROBE(a->note_count == b->note_count && a->finding_count == b->finding_count);
    PROBE(a->reachable_count == b->reachable_count && a->free_count == b->free_count);
    PROBE(a->leaked_count == b->leaked_count && a->record_count == b->record_count);
    PROBE(a->live_count == b->live_count);
    for (size_t i = 0; i < a->finding_count; i++) {
        same_finding(&a->findings[i], &b->findings[i]);
    }
}

static void check_report(const struct ss_verify_report *report, size_t len)
{
    uint64_t counts[3] = {0};

    for (size_t i = 0; i < report->finding_count; i++) {
        const struct ss_finding *f = &report->findings[i];

        /* The place of a meta page that is missing is where it belongs. */
        PROBE(f->off == SS_NONE || f->off <= len || strncmp(f->check->id, "META-", 5) == 0);
        PROBE(f->detail[0] != '\0');
        counts[f->check->severity]++;
    }
    PROBE(counts[SS_SEVERITY_ERROR] <= report->error_count);
    PROBE(counts[SS_SEVERITY_WARNING] <= report->warning_count);
    PROBE(counts[SS_SEVERITY_NOTE] <= report->note_count);
    PROBE(report->finding_count == 1000 || report->finding_count == report->error_count +
                                                                        report->warning_count +
                                                                        report->note_count);
    if (report->verdict != SS_VERDICT_UNREADABLE) {
        PROBE((report->verdict == SS_VERDICT_DAMAGED) == (report->error_count > 0));
    }
    if (report->verdict == SS_VERDICT_SOUND) {
        PROBE(report->hash.state == SS_HASH_VALID && report->checked == SS_VERIFY_ALL);
    }
}

struct ss_verify_report *probe_verify(const struct ss_file *file, size_t len)
{
    struct ss_verify_report *one, *four;
    struct ss_error err;

    PROBE(ss_verify(file, NULL, &probe_one, &one, &err) == SS_OK);
    PROBE(ss_verify(file, NULL, &probe_four, &four, &err) == SS_OK);
    check_report(one, len);
    same_report(one, four);
    ss_verify_free(four);
    return one;
}

uint64_t probe_damage(const struct ss_verify_report *report)
{
    enum ss_hash_state state = report->hash.state;

    return report->error_count - (state == SS_HASH_MISMATCH || state == SS_HASH_ZERO ? 1 : 0);
}

void probe_written(const struct ss_file *file, bool damaged)
{
    struct ss_verify_opts opts = {.what = SS_VERIFY_STRUCTURE};
    struct ss_verify_report *report;
    struct ss_error err;

    PROBE(ss_verify(file, &opts, &probe_one, &report, &err) == SS_OK);
    PROBE(report->verdict != SS_VERDICT_UNREADABLE && (damaged || report->error_count == 0));
    for (size_t i = 0; i < report->finding_count; i++) {
        PROBE(report->findings[i].check->severity != SS_SEVERITY_ERROR ||
              strcmp(report->findings[i].check->id, "BUCKET-002") == 0);
    }
    ss_verify_free(report);
}

/* ------------------------------------------------------------------------------------ content --- */

#define LEVELS 8u

static bool same_bytes(struct ss_span a, struct ss_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* Buckets within buckets, LEVELS deep at most. NOLINTNEXTLINE(misc-no-recursion) */
static void same_bucket(const struct ss_file *const files[2], struct ss_span paths[2][LEVELS],
                        size_t level)
{
    struct ss_bucket *buckets[2];
    struct ss_cursor *cursors[2];
    struct ss_bucket_facts facts[2];
    struct ss_entry entries[2];
    enum ss_status status[2];
    struct ss_error err;

    for (int i = 0; i < 2; i++) {
        PROBE(ss_bucket_open(files[i], paths[i], level, &buckets[i], &err) == SS_OK);
        PROBE(ss_cursor_new(buckets[i], &cursors[i], &err) == SS_OK);
        ss_bucket_facts(buckets[i], &facts[i]);
        status[i] = ss_cursor_first(cursors[i], &entries[i], &err);
    }
    PROBE(facts[0].sequence == facts[1].sequence);
    while (status[0] == SS_OK && status[1] == SS_OK) {
        PROBE(same_bytes(entries[0].key, entries[1].key));
        PROBE(entries[0].is_bucket == entries[1].is_bucket);
        if (!entries[0].is_bucket) {
            PROBE(same_bytes(entries[0].value, entries[1].value));
        } else if (level < LEVELS) {
            paths[0][level] = entries[0].key;
            paths[1][level] = entries[1].key;
            same_bucket(files, paths, level + 1);
        }
        for (int i = 0; i < 2; i++) {
            status[i] = ss_cursor_next(cursors[i], &entries[i], &err);
        }
    }
    PROBE(status[0] == SS_END && status[1] == SS_END);
    for (int i = 0; i < 2; i++) {
        ss_cursor_free(cursors[i]);
        ss_bucket_free(buckets[i]);
    }
}

void probe_same_content(const struct ss_file *a, const struct ss_file *b)
{
    const struct ss_file *const files[2] = {a, b};
    struct ss_span paths[2][LEVELS];

    same_bucket(files, paths, 0);
}

/* ------------------------------------------------------------------------------------- memory --- */

#ifdef HAVE_ASAN

#include <stdatomic.h>

/* Of the sanitizer's run time (sanitizer/allocator_interface.h). GCC ships the functions without the
 * header. */
size_t __sanitizer_get_current_allocated_bytes(void);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

#define SAMPLE_LEN (UINT32_C(1) << 16)
#define SAMPLE_EVERY 1024u

static size_t base;
static atomic_size_t peak;
static atomic_uint calls;
static atomic_bool watching;

static void sample(void)
{
    size_t now = __sanitizer_get_current_allocated_bytes();
    size_t seen = atomic_load(&peak);

    while (now > seen && !atomic_compare_exchange_weak(&peak, &seen, now))
        ;
}

static void on_malloc(const volatile void *ptr, size_t len)
{
    (void)ptr;
    if (atomic_load(&watching) &&
        (len >= SAMPLE_LEN || atomic_fetch_add(&calls, 1) % SAMPLE_EVERY == 0))
        sample();
}

static void on_free(const volatile void *ptr)
{
    (void)ptr;
}

void probe_memory_begin(void)
{
    static bool installed;

    if (!installed)
        installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0;
    base = __sanitizer_get_current_allocated_bytes();
    atomic_store(&peak, base);
    atomic_store(&watching, true);
}

void probe_memory_end(uint64_t bound)
{
    sample();
    atomic_store(&watching, false);
    if (getenv("SS_FUZZ_MEMORY") != NULL)
        fprintf(stderr, "memory %zu of %zu\n", atomic_load(&peak) - base, (size_t)bound);
    PROBE(atomic_load(&peak) - base <= bound);
}

#else

void probe_memory_begin(void)
{
}

void probe_memory_end(uint64_t bound)
{
    (void)bound;
}

#endif
