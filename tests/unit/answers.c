/*
 * answers.c - see answers.h. Bytes of keys and values stand for themselves by length, place and sum, so that
 * a text stays small; every other field is printed.
 */
#include "answers_parts.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xxhash.h>

/* ---- pieces ---- */

void ss_tell_end(FILE *out, enum ss_status status, const struct ss_error *err)
{
    char text[1024];

    fprintf(out, "= %d", (int)status);
    if (status == SS_CORRUPT || status == SS_SYSTEM) {
        fprintf(out, " %s: %s", ss_code_name(err->code), ss_error_text(err, text, sizeof(text)));
    }
    fputc('\n', out);
}

void ss_tell_span(FILE *out, const char *name, struct ss_span span)
{
    fprintf(out, " %s %" PRIu64 "@%" PRIu64 ":%016" PRIx64, name, span.len, span.off,
            XXH3_64bits(span.ptr, (size_t)span.len));
}

void ss_tell_bytes(FILE *out, const uint8_t *bytes, size_t len)
{
    fputc(' ', out);
    for (size_t i = 0; i < len; i++) {
        fprintf(out, "%02x", bytes[i]);
    }
}

void ss_tell_head(FILE *out, const struct ss_page_head *head)
{
    fprintf(out, " @%" PRIu64 " id %" PRIu64 " flags %u count %u overflow %u %s", head->off,
            head->id, head->flags, head->count, head->overflow, ss_page_type_name(head->type));
}

void ss_tell_record(FILE *out, const struct ss_record *r)
{
    fprintf(out,
            " %" PRId64 ".%" PRId64 "%s%s c%" PRId64 " m%" PRId64 " v%" PRId64 " l%" PRId64
            " p%" PRIu64 ".%" PRIu32,
            r->rev.main, r->rev.sub, r->tombstone ? " gone" : "", r->marker ? " marker" : "",
            r->create_revision, r->mod_revision, r->version, r->lease, r->pgid, r->index);
    ss_tell_span(out, "key", r->key);
    ss_tell_span(out, "value", r->value);
    fputc('\n', out);
}

void ss_tell_fault(void *ctx, const struct ss_error *fault)
{
    fputs("fault ", ctx);
    ss_tell_end(ctx, SS_CORRUPT, fault);
}

static enum ss_status on_record(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    (void)err;
    ss_tell_record(ctx, rec);
    return SS_OK;
}

/* ---- the file and its pages ---- */

/* The forms of text, of bytes that are mostly none. */
static void tell_text(FILE *out, const struct ss_test_question *q)
{
    struct ss_span bytes = ss_file_bytes(q->file, 0, 6000);
    size_t len = (size_t)bytes.len;
    char text[8200];

    ss_text_base64(bytes.ptr, len, text);
    fprintf(out, "%s\n%d\n", text, ss_text_is_clean(bytes.ptr, len));
    ss_text_hex(bytes.ptr, len < 4000 ? len : 4000, text);
    fprintf(out, "%s %d\n", text, ss_text_unhex(text, strlen(text) / 2, text));
    fprintf(out, "%zu\n", ss_text_escape(bytes.ptr, len, text, sizeof(text)));
    fprintf(out, "%s\n", text);
}

static void tell_file(FILE *out, const struct ss_test_question *q)
{
    struct ss_file_facts f;
    struct ss_error err;

    ss_file_facts(q->file, &f);
    fprintf(out, "%s %s %s %d %" PRIu64 " %" PRIu64 " %s be %d page %u meta %d", f.name, f.packing,
            f.member != NULL ? f.member : "-", f.spooled, f.packed_len, f.len, ss_kind_name(f.kind),
            f.big_endian, f.page_size, f.current_meta);
    fprintf(out, " high %" PRIu64 " db %" PRIu64 " pages %" PRIu64 "\n", f.high_water, f.db_len,
            f.page_count);
    for (int i = 0; i < 2; i++) {
        struct ss_meta m;

        ss_file_meta(q->file, i, &m);
        fprintf(out,
                "meta @%" PRIu64 " %d %d %s root %" PRIu64 " txid %" PRIu64 " sum %" PRIx64 "\n",
                m.off, m.present, m.valid, m.reason, m.root, m.txid, m.computed);
    }
    ss_tell_end(out, ss_file_readable(q->file, &err), &err);
    ss_tell_end(out, ss_file_unchanged(q->file, &err), &err);
    ss_tell_span(out, "bytes", ss_file_bytes(q->file, 0, UINT64_MAX));
}

static bool on_page_row(void *ctx, const struct ss_page_row *row)
{
    fprintf(ctx, "page %" PRIu64 " %s %s %s", row->pgid, ss_page_use_name(row->use),
            ss_code_name(row->fault), row->bucket != NULL ? row->bucket : "-");
    ss_tell_head(ctx, &row->head);
    fputc('\n', ctx);
    return true;
}

static void tell_pages(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_error err;
    uint64_t faults;

    ss_tell_end(out, ss_pages(q->file, on_page_row, ss_tell_fault, out, &call, &faults, &err),
                &err);
    fprintf(out, "%" PRIu64 " faults\n", faults);
}

static void tell_page(FILE *out, const struct ss_page *page)
{
    struct ss_page_head head;

    ss_page_get_head(page, &head);
    ss_tell_head(out, &head);
    if (head.type == SS_PAGE_FREELIST) {
        for (uint64_t i = 0; i < ss_page_free_count(page); i++) {
            fprintf(out, " %" PRIu64, ss_page_free_id(page, i));
        }
        return;
    }
    for (uint32_t i = 0; i < head.count; i++) {
        struct ss_element e;

        ss_page_element(page, i, &e);
        fprintf(out, " %d %" PRIu64, e.is_bucket, e.child);
        ss_tell_span(out, "key", e.key);
    }
}

static void tell_gated_pages(FILE *out, const struct ss_test_question *q)
{
    struct ss_file_facts f;

    ss_file_facts(q->file, &f);
    for (uint64_t pgid = 0; pgid <= f.page_count; pgid++) {
        struct ss_page_head head;
        struct ss_page *page;
        struct ss_error err;
        enum ss_status status = ss_page_head(q->file, pgid, &head, &err);

        if (status == SS_OK) {
            ss_tell_head(out, &head);
        }
        ss_tell_end(out, status, &err);
        status = ss_page_open(q->file, pgid, &page, &err);
        if (status == SS_OK) {
            tell_page(out, page);
        }
        ss_page_free(page);
        ss_tell_end(out, status, &err);
    }
}

/* ---- buckets ---- */

static bool on_stats(void *ctx, const struct ss_bucket_stats *s)
{
    fprintf(ctx, "%s level %u root %" PRIu64 " seq %" PRIu64 " keys %" PRIu64 " buckets %" PRIu64,
            s->path, s->level, s->root, s->sequence, s->key_count, s->bucket_count);
    fprintf(ctx, " bytes %" PRIu64 "+%" PRIu64 " pages %" PRIu64 "+%" PRIu64 "+%" PRIu64 " %u\n",
            s->key_len, s->value_len, s->branch_count, s->leaf_count, s->overflow_count, s->depth);
    return true;
}

static void tell_buckets(FILE *out, const struct ss_test_question *q)
{
    struct ss_space s;
    struct ss_error err;
    uint64_t faults;
    enum ss_status status;

    ss_tell_end(out, ss_buckets(q->file, on_stats, ss_tell_fault, out, &faults, &err), &err);
    status = ss_buckets_space(q->file, on_stats, ss_tell_fault, out, &s, &faults, &err);
    ss_tell_end(out, status, &err);
    if (status != SS_OK) {
        return;
    }
    fprintf(out, "tree %" PRIu64 " freelist %" PRIu64 " %d free %" PRIu64 " lost %" PRIu64,
            s.tree_count, s.freelist_count, s.freelist_stored, s.free_count, s.lost_count);
    fprintf(out, " used %" PRIu64 " beyond %" PRIu64 " faults %" PRIu64 "\n", s.used_len,
            s.beyond_len, faults);
}

static void tell_entry(FILE *out, const struct ss_entry *e)
{
    struct ss_record rec;
    struct ss_error err;

    if (ss_record_decode(e, &rec, &err) == SS_OK) {
        ss_tell_record(out, &rec);
    }
    fprintf(out, "p%" PRIu64 ".%u %d", e->pgid, e->index, e->is_bucket);
    ss_tell_span(out, "key", e->key);
    ss_tell_span(out, "value", e->value);
    fputc('\n', out);
}

/* Forwards, backwards, and to the place of every 100th key. */
static void tell_cursor(FILE *out, const struct ss_bucket *bucket)
{
    struct ss_cursor *c;
    struct ss_entry e, found;
    struct ss_error err;
    struct ss_span sought[64];
    size_t count = 0, sought_count = 0;
    enum ss_status status = ss_cursor_new(bucket, &c, &err);

    assert_int_equal(status, SS_OK);
    for (status = ss_cursor_first(c, &e, &err); status == SS_OK;
         status = ss_cursor_next(c, &e, &err)) {
        tell_entry(out, &e);
        if (count++ % 100 == 0 && sought_count < 64) {
            sought[sought_count++] = e.key;
        }
    }
    ss_tell_end(out, status, &err);
    for (status = ss_cursor_last(c, &e, &err); status == SS_OK;
         status = ss_cursor_prev(c, &e, &err)) {
        tell_entry(out, &e);
    }
    ss_tell_end(out, status, &err);
    for (size_t i = 0; i < sought_count; i++) {
        status = ss_cursor_seek(c, sought[i].ptr, (size_t)sought[i].len, &found, &err);
        if (status == SS_OK) {
            tell_entry(out, &found);
        }
        ss_tell_end(out, status, &err);
    }
    ss_cursor_free(c);
}

static void tell_cursors(FILE *out, const struct ss_test_question *q)
{
    static const char *const names[] = {"", "key", "meta", "members", "lease"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ss_span path = {.ptr = (const uint8_t *)names[i], .len = strlen(names[i])};
        struct ss_bucket *bucket;
        struct ss_error err;
        enum ss_status status = ss_bucket_open(q->file, &path, i > 0, &bucket, &err);

        ss_tell_end(out, status, &err);
        if (status == SS_OK) {
            struct ss_bucket_facts f;

            ss_bucket_facts(bucket, &f);
            fprintf(out, "%s %" PRIu64 " %" PRIu64 " %d\n", f.path, f.root, f.sequence,
                    f.is_inline);
            tell_cursor(out, bucket);
        }
        ss_bucket_free(bucket);
    }
}

/* ---- records ---- */

void ss_tell_rev_facts(FILE *out, const struct ss_rev_facts *f)
{
    fprintf(out, "etcd %d empty %d %" PRId64 ".%" PRId64 " to %" PRId64 ".%" PRId64, f->is_etcd,
            f->empty, f->first.main, f->first.sub, f->last.main, f->last.sub);
    fprintf(out, " compact %" PRId64 " %" PRId64 " %" PRId64 " current %" PRId64 "\n",
            f->scheduled_compact, f->finished_compact, f->compacted, f->current);
}

static void tell_records(FILE *out, const struct ss_test_question *q)
{
    struct ss_rev_facts facts;
    struct ss_error err;
    enum ss_status status = ss_rev_facts(q->file, &facts, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        ss_tell_rev_facts(out, &facts);
    }
    ss_tell_end(out, ss_records(q->file, 0, 0, on_record, out, &err), &err);
}

static void tell_state(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_state *state;
    struct ss_error err;
    enum ss_status status = ss_state_new(q->file, 0, NULL, &call, &state, &err);

    ss_tell_end(out, status, &err);
    if (status != SS_OK) {
        return;
    }
    fprintf(out, "%" PRIu64 " at %" PRId64 "\n", ss_state_count(state), ss_state_rev(state));
    for (uint64_t i = 0; i < ss_state_count(state); i++) {
        struct ss_record rec, found;

        ss_state_get(state, i, &rec);
        ss_tell_record(out, &rec);
        if (ss_state_find(state, rec.key.ptr, (size_t)rec.key.len, &found) != SS_OK ||
            found.key.ptr != rec.key.ptr) {
            fputs("not found\n", out);
        }
    }
    ss_state_free(state);
}

static enum ss_status on_item(void *ctx, const struct ss_history_item *item, struct ss_error *err)
{
    (void)err;
    fprintf(ctx, "g%" PRIu64 " %s %" PRIu64 " %d%d%d", item->generation, ss_history_event(item),
            item->missing_count, item->is_new_key, item->is_new_generation, item->is_compacted);
    ss_tell_record(ctx, &item->rec);
    return SS_OK;
}

static void tell_history(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_history_opts opts = {.key = "", .prefix = true};
    struct ss_history_result r;
    struct ss_error err;

    enum ss_status status = ss_history(q->file, &opts, on_item, out, &call, &r, &err);

    ss_tell_end(out, status, &err);
    if (status != SS_OK) {
        return;
    }
    ss_tell_rev_facts(out, &r.facts);
    fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r.key_count,
            r.generation_count, r.record_count, r.tombstone_count, r.missing_count);
}

static bool write_to(void *ctx, const void *bytes, size_t len)
{
    return fwrite(bytes, 1, len, ctx) == len;
}

static void on_skip(void *ctx, const struct ss_skip *skip)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    assert_non_null(to);
    assert_true(ss_skip_json(skip, write_to, to));
    assert_int_equal(fclose(to), 0);
    fprintf(ctx, "skip %s\n", text);
    free(text);
}

static enum ss_status on_kept_entry(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    (void)err;
    tell_entry(ctx, entry);
    return SS_OK;
}

/* Everything that keeps going past damage. */
static void tell_keeping(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_keep_going keep = {on_skip, out};
    struct ss_span path = {.ptr = (const uint8_t *)"key", .len = 3};
    struct ss_bucket *bucket;
    struct ss_state *state;
    struct ss_error err;
    uint64_t skips = 0;
    enum ss_status status = ss_bucket_open_keeping(q->file, &path, 1, &keep, &bucket, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        ss_tell_end(out, ss_bucket_entries(bucket, NULL, &keep, on_kept_entry, out, &skips, &err),
                    &err);
    }
    ss_bucket_free(bucket);
    fprintf(out, "%" PRIu64 " skips\n", skips);
    ss_tell_end(out, ss_records_keeping(q->file, 0, 0, &keep, on_record, out, &skips, &err), &err);
    fprintf(out, "%" PRIu64 " skips\n", skips);
    ss_tell_end(out, ss_buckets_keeping(q->file, on_stats, &keep, out, &skips, &err), &err);
    status = ss_state_new_keeping(q->file, 0, NULL, &keep, &call, &state, &skips, &err);
    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "%" PRIu64 " live\n", ss_state_count(state));
        ss_state_free(state);
    }
}

static bool on_lost(void *ctx, const struct ss_lost_range *range)
{
    fprintf(ctx, "lost %" PRId64 ".%" PRId64 " to %" PRId64 ".%" PRId64 " ", range->after.main,
            range->after.sub, range->before.main, range->before.sub);
    ss_tell_end(ctx, SS_CORRUPT, &range->why);
    return true;
}

static void tell_lost(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_error err;
    uint64_t count;

    ss_tell_end(out, ss_lost_revisions(q->file, on_lost, out, &call, &count, &err), &err);
    fprintf(out, "%" PRIu64 " lost\n", count);
}

const struct ss_test_answer ss_test_answers[] = {
    {"text", tell_text},
    {"file", tell_file},
    {"pages", tell_pages},
    {"gated pages", tell_gated_pages},
    {"buckets", tell_buckets},
    {"cursors", tell_cursors},
    {"records", tell_records},
    {"state", tell_state},
    {"history", tell_history},
    {"keeping", tell_keeping},
    {"lost", tell_lost},
    {"status", ss_answer_status},
    {"key figures", ss_answer_key_figures},
    {"hashkv", ss_answer_hashkv},
    {"beside", ss_answer_beside},
    {"meta", ss_answer_meta},
    {"boot", ss_answer_boot},
    {"summary", ss_answer_summary},
    {"hash check", ss_answer_hash_check},
    {"hash beside", ss_answer_hash_beside},
    {"catalogue", ss_answer_catalogue},
    {"verify", ss_answer_verify},
    {"text mode", ss_answer_text_mode},
    {"other tree", ss_answer_other_tree},
    {"intake", ss_answer_intake},
    {"diff", ss_answer_diff},
    {"lineage", ss_answer_lineage},
    {"dump", ss_answer_dump},
    {"convert", ss_answer_convert},
    {"salvage", ss_answer_salvage},
    {"restore", ss_answer_restore},
    {"convert checked", ss_answer_convert_checked},
    {"restore checked", ss_answer_restore_checked},
    {"rows", ss_answer_rows},
    {"output", ss_answer_output},
};

const size_t ss_test_answer_count = sizeof(ss_test_answers) / sizeof(ss_test_answers[0]);

char *ss_test_ask(const struct ss_test_answer *answer, const struct ss_test_question *q)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    answer->tell(out, q);
    assert_int_equal(fclose(out), 0);
    return text;
}
