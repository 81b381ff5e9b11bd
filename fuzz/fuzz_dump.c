/*
 * What leaves a file: dumps in every format, read back, and questions about single keys. The input is a
 * file; nothing is asked of one whose live keys cannot be told.
 *
 *   - JSON Lines, the document and etcdctl's document are read by Jansson and give the records of the state,
 *     byte for byte; and give the same bytes again.
 *   - A tar archive is read by libarchive: a file for each key, in order, with its value; no path leads out.
 *   - Ranges and revisions give what they must by the state; a redacted dump has no value.
 *   - Each key is found, and its history ends with the record that is live.
 *
 * Bounds: 64 KiB; KEYS_MAX keys are looked at one by one; an output is at most 16 times the file and 64 KiB.
 * Memory of at most MEMORY_MAX + MEMORY_PER_BYTE x the length.
 */
#include "probe.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define INPUT_MAX (UINT32_C(1) << 16)
#define KEYS_MAX 32u
#define OUT_MAX (UINT64_C(1) << 16)
#define OUT_PER_BYTE 16u
#define TAR_OUT_MAX (UINT64_C(8) << 20) /* 1.5 KiB and more for each record's headers */
#define MEMORY_MAX (UINT64_C(24) << 20)
#define MEMORY_PER_BYTE 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const struct ss_file *file;
    const struct ss_state *state;
    size_t len;
    uint64_t count; /* live keys */
};

static void dump(const struct input *in, const struct ss_dump_opts *opts, struct probe_sink *out,
                 struct ss_dump_result *result)
{
    struct ss_error err;

    *out = (struct probe_sink){
        .limit = opts->format == SS_DUMP_TAR ? TAR_OUT_MAX : OUT_MAX + OUT_PER_BYTE * in->len};
    PROBE(ss_dump(in->file, opts, probe_sink_write, out, NULL, result, &err) == SS_OK);
    PROBE(result->out_len == out->len);
}

/* Twice: the same bytes. What was written is the caller's. */
static void dump_alike(const struct input *in, const struct ss_dump_opts *opts,
                       struct probe_sink *out, struct ss_dump_result *result)
{
    struct ss_dump_result again;
    struct probe_sink second;

    dump(in, opts, out, result);
    dump(in, opts, &second, &again);
    PROBE(again.record_count == result->record_count && second.len == out->len);
    PROBE(out->len == 0 || memcmp(second.bytes, out->bytes, out->len) == 0);
    probe_sink_fini(&second);
}

/* --------------------------------------------------------------------------------------- JSON --- */

static void same_base64(const json_t *text, struct ss_span bytes)
{
    char *due = malloc(4 * (size_t)((bytes.len + 2) / 3) + 1);

    if (due == NULL) {
        return;
    }
    ss_text_base64(bytes.ptr, (size_t)bytes.len, due);
    PROBE(json_is_string(text) && strcmp(json_string_value(text), due) == 0);
    free(due);
}

/* `name`, or name_base64, is what these bytes are; never both. */
static void same_bytes(const json_t *object, const char *name, struct ss_span bytes)
{
    char encoded[32];
    const json_t *text = json_object_get(object, name), *base64;

    snprintf(encoded, sizeof(encoded), "%s_base64", name);
    base64 = json_object_get(object, encoded);
    PROBE((text == NULL) != (base64 == NULL));
    PROBE((text != NULL) == ss_text_is_clean(bytes.ptr, (size_t)bytes.len));
    if (text == NULL) {
        same_base64(base64, bytes);
        return;
    }
    PROBE(json_is_string(text) && json_string_length(text) == bytes.len);
    PROBE(bytes.len == 0 || memcmp(json_string_value(text), bytes.ptr, (size_t)bytes.len) == 0);
}

static void same_number(const json_t *object, const char *name, int64_t due, bool zero_left_out)
{
    const json_t *number = json_object_get(object, name);

    if (due == 0 && zero_left_out) {
        PROBE(number == NULL);
    } else {
        PROBE(json_is_integer(number) && json_integer_value(number) == due);
    }
}

static void same_id(const json_t *object, const char *name, uint64_t due)
{
    const char *digits = json_string_value(json_object_get(object, name));
    char *end;

    PROBE(digits != NULL && strlen(digits) == 16 && strspn(digits, "0123456789abcdef") == 16);
    PROBE(strtoull(digits, &end, 16) == due && *end == '\0');
}

static void same_record(const json_t *object, const struct ss_record *rec)
{
    PROBE(json_is_object(object));
    same_bytes(object, "key", rec->key);
    same_bytes(object, "value", rec->value);
    same_number(object, "create_revision", rec->create_revision, false);
    same_number(object, "mod_revision", rec->mod_revision, false);
    same_number(object, "version", rec->version, false);
    same_id(object, "lease", (uint64_t)rec->lease);
}

static void same_etcdctl_record(const json_t *object, const struct ss_record *rec)
{
    const json_t *value = json_object_get(object, "value");

    same_base64(json_object_get(object, "key"), rec->key);
    PROBE((value == NULL) == (rec->value.len == 0));
    if (value != NULL) {
        same_base64(value, rec->value);
    }
    same_number(object, "create_revision", rec->create_revision, true);
    same_number(object, "mod_revision", rec->mod_revision, true);
    same_number(object, "version", rec->version, true);
    same_number(object, "lease", rec->lease, true);
}

static json_t *parse(const uint8_t *bytes, size_t len)
{
    json_t *json =
        json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    PROBE(json != NULL);
    return json;
}

static void check_lines(const struct input *in)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON};
    struct ss_dump_result result;
    struct probe_sink out;
    uint64_t i = 0;

    dump_alike(in, &opts, &out, &result);
    PROBE(result.record_count == in->count && result.rev == ss_state_rev(in->state));
    for (size_t at = 0; at < out.len; i++) {
        const uint8_t *end = memchr(out.bytes + at, '\n', out.len - at);
        size_t len;

        PROBE(end != NULL && i < in->count);
        len = (size_t)(end - out.bytes) - at;
        if (i < KEYS_MAX || i + 1 == in->count) {
            json_t *line = parse(out.bytes + at, len);
            struct ss_record rec;

            ss_state_get(in->state, i, &rec);
            same_record(line, &rec);
            json_decref(line);
        }
        at += len + 1;
    }
    PROBE(i == in->count);
    probe_sink_fini(&out);
}

static void check_document(const struct input *in, enum ss_dump_format format)
{
    struct ss_dump_opts opts = {.format = format};
    struct ss_dump_result result;
    struct probe_sink out;
    const json_t *kvs, *count;
    json_t *json;

    dump_alike(in, &opts, &out, &result);
    json = parse(out.bytes, out.len);
    kvs = json_object_get(json, "kvs");
    count = json_object_get(json, "count");
    PROBE(json_array_size(kvs) == in->count);
    PROBE((uint64_t)json_integer_value(count) == in->count);
    for (uint64_t i = 0; i < in->count && i < KEYS_MAX; i++) {
        struct ss_record rec;

        ss_state_get(in->state, i, &rec);
        if (format == SS_DUMP_ETCDCTL) {
            same_etcdctl_record(json_array_get(kvs, (size_t)i), &rec);
        } else {
            same_record(json_array_get(kvs, (size_t)i), &rec);
        }
    }
    json_decref(json);
    probe_sink_fini(&out);
}

/* ---------------------------------------------------------------------------------------- tar --- */

static bool leads_out(const char *path)
{
    return path[0] == '/' || path[0] == '\0' || strncmp(path, "../", 3) == 0 ||
           strstr(path, "/../") != NULL || strstr(path, "//") != NULL ||
           (strlen(path) >= 3 && strcmp(path + strlen(path) - 3, "/..") == 0);
}

/* The entry's bytes, all of them. */
static void same_content(struct archive *reader, struct ss_span due)
{
    uint64_t at = 0;

    for (;;) {
        const void *bytes;
        size_t len;
        int64_t off;
        int code = archive_read_data_block(reader, &bytes, &len, &off);

        if (code == ARCHIVE_EOF) {
            break;
        }
        PROBE(code == ARCHIVE_OK && (uint64_t)off == at && len <= due.len - at);
        PROBE(len == 0 || memcmp(bytes, due.ptr + at, len) == 0);
        at += len;
    }
    PROBE(at == due.len);
}

static void check_archive(const struct input *in)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_TAR};
    struct ss_dump_result result;
    struct probe_sink out;
    struct archive *reader = archive_read_new();
    struct archive_entry *entry;
    uint64_t files = 0;
    int code;

    dump(in, &opts, &out, &result);
    PROBE(reader != NULL && archive_read_support_format_tar(reader) == ARCHIVE_OK);
    PROBE(archive_read_open_memory(reader, out.bytes, out.len) == ARCHIVE_OK);
    while ((code = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
        PROBE(!leads_out(archive_entry_pathname(entry)));
        if (archive_entry_filetype(entry) != AE_IFREG) {
            continue;
        }
        if (files > 0) {
            struct ss_record rec;

            PROBE(files <= in->count);
            ss_state_get(in->state, files - 1, &rec);
            PROBE((uint64_t)archive_entry_size(entry) == rec.value.len);
            same_content(reader, rec.value);
        }
        files++;
    }
    PROBE(code == ARCHIVE_EOF && files == in->count + 1);
    archive_read_free(reader);
    probe_sink_fini(&out);
}

/* ---------------------------------------------------------------------------- parts of the whole --- */

static uint64_t count_dumped(const struct input *in, const struct ss_dump_opts *opts)
{
    struct ss_dump_result result;
    struct probe_sink out;

    dump(in, opts, &out, &result);
    probe_sink_fini(&out);
    return result.record_count;
}

/* From the i-th key on, up to it, and what begins as it does. */
static void check_ranges(const struct input *in, uint64_t i)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON, .keys_only = true};
    struct ss_record rec, other;
    uint64_t begin = 0;

    ss_state_get(in->state, i, &rec);
    opts.range = (struct ss_range){.from = rec.key.ptr, .from_len = (size_t)rec.key.len};
    PROBE(count_dumped(in, &opts) == in->count - i);
    opts.range = (struct ss_range){.to = rec.key.ptr, .to_len = (size_t)rec.key.len};
    PROBE(count_dumped(in, &opts) == i);
    opts.range =
        (struct ss_range){.prefix = rec.key.ptr, .prefix_len = (size_t)((rec.key.len + 1) / 2)};
    for (uint64_t k = 0; k < in->count; k++) {
        ss_state_get(in->state, k, &other);
        begin += other.key.len >= opts.range.prefix_len &&
                 memcmp(other.key.ptr, rec.key.ptr, opts.range.prefix_len) == 0;
    }
    PROBE(begin > 0 && count_dumped(in, &opts) == begin);
}

static void check_revisions(const struct input *in)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON, .revisions = true};
    struct ss_rev_facts facts;
    struct ss_key_figures figures;
    struct ss_dump_result result;
    struct ss_state *state;
    struct probe_sink out;
    struct ss_error err;

    dump_alike(in, &opts, &out, &result);
    probe_sink_fini(&out);
    PROBE(ss_key_figures(in->file, NULL, &figures, &err) == SS_OK);
    PROBE(result.record_count == figures.record_count && figures.live_count == in->count);
    PROBE(ss_rev_facts(in->file, &facts, &err) == SS_OK);
    opts = (struct ss_dump_opts){.format = SS_DUMP_NDJSON,
                                 .rev = facts.compacted + (facts.current - facts.compacted) / 2};
    PROBE(ss_state_new(in->file, opts.rev, NULL, NULL, &state, &err) == SS_OK);
    PROBE(opts.rev == 0 || count_dumped(in, &opts) == ss_state_count(state));
    ss_state_free(state);
}

static void check_redacted(const struct input *in)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_JSON,
                                .redact_key = "0123456789abcdef",
                                .redact_key_len = SS_REDACT_KEY_MIN};
    struct ss_dump_result result;
    struct probe_sink out;
    json_t *json;

    dump_alike(in, &opts, &out, &result);
    json = parse(out.bytes, out.len);
    for (size_t i = 0; i < json_array_size(json_object_get(json, "kvs")); i++) {
        const json_t *kv = json_array_get(json_object_get(json, "kvs"), i);
        struct ss_record rec;

        ss_state_get(in->state, i, &rec);
        PROBE(json_object_get(kv, "value") == NULL && json_object_get(kv, "value_base64") == NULL);
        PROBE((uint64_t)json_integer_value(json_object_get(kv, "value_len")) == rec.value.len);
        PROBE(json_string_length(json_object_get(kv, "value_digest")) == 64);
    }
    json_decref(json);
    probe_sink_fini(&out);
}

/* --------------------------------------------------------------------------------- single keys --- */

static enum ss_status keep_last(void *ctx, const struct ss_history_item *item, struct ss_error *err)
{
    (void)err;
    *(struct ss_record *)ctx = item->rec;
    return SS_OK;
}

static void check_key(const struct input *in, uint64_t i)
{
    struct ss_record rec, found, last = {.mod_revision = 0};
    struct ss_history_opts opts;
    struct ss_history_result result;
    struct ss_error err;

    ss_state_get(in->state, i, &rec);
    PROBE(rec.key.len > 0 && !rec.tombstone && !rec.marker);
    PROBE(ss_state_find(in->state, rec.key.ptr, (size_t)rec.key.len, &found) == SS_OK);
    PROBE(found.pgid == rec.pgid && found.index == rec.index);
    opts = (struct ss_history_opts){.key = rec.key.ptr, .key_len = (size_t)rec.key.len};
    PROBE(ss_history(in->file, &opts, keep_last, &last, NULL, &result, &err) == SS_OK);
    PROBE(result.key_count == 1 && result.record_count > 0);
    PROBE(last.pgid == rec.pgid && last.index == rec.index);
}

static void check_hash(const struct input *in)
{
    struct ss_rev_facts facts;
    struct ss_hashkv whole, named;
    struct ss_error err;

    PROBE(ss_rev_facts(in->file, &facts, &err) == SS_OK);
    PROBE(ss_hashkv(in->file, 0, 0, NULL, &whole, &err) == SS_OK);
    PROBE(ss_hashkv(in->file, facts.current, 0, NULL, &named, &err) == SS_OK);
    PROBE(whole.hash == named.hash && whole.revision == named.revision);
    PROBE(whole.compact_revision == named.compact_revision);
}

/* Its header has the raft term, which stands in another bucket: that one may be broken. */
static void check_etcdctl(const struct input *in)
{
    struct ss_etcd_meta *meta;
    struct ss_error err;
    uint64_t faults;

    if (ss_etcd_meta_new(in->file, NULL, NULL, &faults, &meta, &err) != SS_OK) {
        return;
    }
    ss_etcd_meta_free(meta);
    check_document(in, SS_DUMP_ETCDCTL);
}

/* What --keep-going gives: of a file without a fault in any tree the same bytes, and nothing skipped. */
static void check_keeping(const struct input *in)
{
    const struct ss_keep_going keep = {NULL, NULL};
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON, .revisions = true};
    struct probe_sink strict, standing;
    struct ss_dump_result result, kept;
    struct ss_error err;
    uint64_t faults;

    if (ss_buckets(in->file, NULL, NULL, NULL, &faults, &err) != SS_OK || faults > 0) {
        return;
    }
    dump(in, &opts, &strict, &result);
    opts.keep_going = &keep;
    dump(in, &opts, &standing, &kept);
    PROBE(kept.skip_count == 0 && kept.record_count == result.record_count);
    PROBE(standing.len == strict.len);
    PROBE(strict.len == 0 || memcmp(standing.bytes, strict.bytes, strict.len) == 0);
    probe_sink_fini(&strict);
    probe_sink_fini(&standing);
}

/* Of a damaged one it ends well, or says why not. */
static void check_damaged(const struct ss_file *file, size_t size)
{
    const struct ss_keep_going keep = {NULL, NULL};
    struct ss_dump_opts opts = {.format = SS_DUMP_JSON, .keep_going = &keep};
    struct ss_dump_result result;
    struct ss_error err;

    for (int i = 0; i < 3; i++) {
        struct probe_sink out = {.limit = OUT_MAX + OUT_PER_BYTE * size};

        opts.revisions = i == 1;
        opts.all_buckets = i == 2;
        if (ss_dump(file, &opts, probe_sink_write, &out, NULL, &result, &err) != SS_OK) {
            probe_error(&err, size);
        }
        probe_sink_fini(&out);
    }
}

static void check(const struct input *in)
{
    check_keeping(in);
    check_lines(in);
    check_document(in, SS_DUMP_JSON);
    check_etcdctl(in);
    check_archive(in);
    check_revisions(in);
    check_redacted(in);
    check_hash(in);
    for (uint64_t i = 0; i < in->count && i < KEYS_MAX; i++) {
        check_key(in, i);
    }
    if (in->count > 0) {
        check_ranges(in, in->count / 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.len = size};
    struct ss_file *file;
    struct ss_state *state;
    struct ss_error err;

    if (size > INPUT_MAX) {
        return 0;
    }
    probe_memory_begin();
    file = probe_open(data, size);
    if (ss_state_new(file, 0, NULL, NULL, &state, &err) == SS_OK) {
        in.file = file;
        in.state = state;
        in.count = ss_state_count(state);
        check(&in);
        ss_state_free(state);
    } else {
        probe_error(&err, size);
        check_damaged(file, size);
    }
    ss_close(file);
    probe_memory_end(MEMORY_MAX + MEMORY_PER_BYTE * size);
    return 0;
}
