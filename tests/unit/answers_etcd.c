/*
 * answers_etcd.c - see answers.h: what a file means to etcd, whether it is sound, and what is written from it.
 */
#include "answers_parts.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define XXH_STATIC_LINKING_ONLY /* the state on the stack */
#include <xxhash.h>

/* What a function writes: its length and a sum over the pieces, however it cuts them. */
struct written {
    uint64_t len;
    XXH3_state_t sum;
};

static void written_begin(struct written *w)
{
    w->len = 0;
    XXH3_64bits_reset(&w->sum);
}

/* The copy lets ThreadSanitizer see the bytes read: xxHash itself is not instrumented. */
static bool take_written(void *ctx, const void *bytes, size_t len)
{
    struct written *w = ctx;
    const uint8_t *p = bytes;
    uint8_t part[4096];

    w->len += len;
    while (len > 0) {
        size_t n = len < sizeof(part) ? len : sizeof(part);

        memcpy(part, p, n);
        XXH3_64bits_update(&w->sum, part, n);
        p += n;
        len -= n;
    }
    return true;
}

static void tell_written(FILE *out, const struct written *w)
{
    fprintf(out, " wrote %" PRIu64 ":%016" PRIx64 "\n", w->len, XXH3_64bits_digest(&w->sum));
}

/* ---- figures ---- */

void ss_answer_status(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_etcd_status s;
    struct ss_error err;
    enum ss_status status = ss_etcd_status(q->file, &call, &s, &err);

    if (status == SS_OK) {
        fprintf(out, "%08x %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", s.hash,
                s.revision, s.live_count, s.entry_count, s.total_len, s.version);
    }
    ss_tell_end(out, status, &err);
}

void ss_answer_key_figures(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_key_figures f;
    struct ss_error err;

    enum ss_status status = ss_key_figures(q->file, &call, &f, &err);

    ss_tell_end(out, status, &err);
    if (status != SS_OK) {
        return;
    }
    fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, f.record_count, f.tombstone_count,
            f.marker_count, f.live_count);
    fprintf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", f.key_len, f.value_len,
            f.live_key_len, f.live_value_len);
}

void ss_answer_hashkv(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_hashkv h;
    struct ss_error err;
    enum ss_status status = ss_hashkv(q->file, 0, 0, &call, &h, &err);

    if (status == SS_OK) {
        fprintf(out, "%08x %" PRId64 " %" PRId64 "\n", h.hash, h.revision, h.compact_revision);
    }
    ss_tell_end(out, status, &err);
}

/* ---- what etcd keeps beside its keys ---- */

static bool on_member(void *ctx, const struct ss_member *m)
{
    fprintf(ctx, "member %" PRIx64 " %" PRIx64 " %d%d %s p%" PRIu64 ".%u", m->id, m->value_id,
            m->removed, m->is_learner, (const char *)m->name.ptr, m->pgid, m->index);
    for (size_t i = 0; i < m->peer_url_count; i++) {
        fprintf(ctx, " %s", (const char *)m->peer_urls[i].ptr);
    }
    for (size_t i = 0; i < m->client_url_count; i++) {
        fprintf(ctx, " %s", (const char *)m->client_urls[i].ptr);
    }
    fputc('\n', ctx);
    return true;
}

static bool on_lease(void *ctx, const struct ss_lease *l)
{
    fprintf(ctx, "lease %" PRIx64 " %" PRIx64 " %" PRId64 " %" PRId64 "\n", (uint64_t)l->id,
            (uint64_t)l->key_id, l->ttl, l->remaining_ttl);
    return true;
}

static bool on_alarm(void *ctx, const struct ss_alarm *a)
{
    fprintf(ctx, "alarm %" PRIx64 " %s\n", a->member_id, ss_alarm_name(a->type));
    return true;
}

static bool on_user(void *ctx, const struct ss_user *u)
{
    ss_tell_span(ctx, "user", u->key);
    ss_tell_span(ctx, "password", u->password);
    for (size_t i = 0; i < u->role_count; i++) {
        ss_tell_span(ctx, "role", u->roles[i]);
    }
    return true;
}

static bool on_role(void *ctx, const struct ss_role *r)
{
    ss_tell_span(ctx, "role", r->key);
    for (size_t i = 0; i < r->permission_count; i++) {
        fprintf(ctx, " %s", ss_permission_name(r->permissions[i].type));
        ss_tell_span(ctx, "from", r->permissions[i].key);
        ss_tell_span(ctx, "to", r->permissions[i].range_end);
    }
    return true;
}

void ss_answer_beside(FILE *out, const struct ss_test_question *q)
{
    const struct ss_auth_ops ops = {on_user, on_role, ss_tell_fault};
    struct ss_auth_facts auth;
    struct ss_error err;
    uint64_t faults;

    ss_tell_end(out, ss_members(q->file, on_member, ss_tell_fault, out, &faults, &err), &err);
    ss_tell_end(out, ss_leases(q->file, on_lease, ss_tell_fault, out, &faults, &err), &err);
    ss_tell_end(out, ss_alarms(q->file, on_alarm, ss_tell_fault, out, &faults, &err), &err);
    ss_tell_end(out, ss_auth(q->file, &ops, out, &auth, &faults, &err), &err);
    fprintf(out, "auth %d %d %" PRIu64 "\n", auth.enabled, auth.has_revision, auth.revision);
}

void ss_answer_meta(FILE *out, const struct ss_test_question *q)
{
    struct ss_etcd_meta *m;
    struct ss_error err;
    uint64_t faults;
    enum ss_status status = ss_etcd_meta_new(q->file, ss_tell_fault, out, &faults, &m, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "%" PRIu64 " %" PRIu64 " %s %s %zu %zu %" PRIu64 "\n", m->consistent_index,
                m->term, m->storage_version != NULL ? m->storage_version : "-",
                m->cluster_version != NULL ? m->cluster_version : "-", m->conf_state.voter_count,
                m->extra_count, faults);
    }
    ss_etcd_meta_free(m);
}

void ss_answer_boot(FILE *out, const struct ss_test_question *q)
{
    struct ss_boot_facts f;
    struct ss_error err;
    enum ss_status status = ss_boot_facts(q->file, &f, &err);

    ss_tell_end(out, status, &err);
    for (int i = 0; status == SS_OK && i < SS_ETCD_LINES; i++) {
        fprintf(out, "%s %s %s\n", ss_etcd_line_name((enum ss_etcd_line)i),
                ss_boot_why_name(f.lines[i].why), f.lines[i].reason);
    }
    status = ss_boot_facts_rebuilt(q->file, &f, &err);
    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "rebuilt %s\n", ss_boot_why_name(f.lines[SS_ETCD_3_7].why));
    }
}

/* ---- verify ---- */

static void tell_hash(FILE *out, const struct ss_hash_report *h)
{
    fprintf(out, "%s %" PRIu64 " %u %d", ss_hash_state_name(h->state), h->covered_len, h->found_len,
            h->computed);
    ss_tell_bytes(out, h->found, h->found_len);
    if (h->computed) {
        ss_tell_bytes(out, h->expected, sizeof(h->expected));
    }
    fputc('\n', out);
}

void ss_answer_hash_check(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_hash_report report;
    struct ss_error err;
    enum ss_status status = ss_hash_check(q->file, &call, &report, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        tell_hash(out, &report);
    }
}

void ss_answer_hash_beside(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_hash_report report;
    struct ss_hash_work *work;
    struct ss_error err;
    enum ss_status status = ss_hash_start(q->file, &call, &work, &err);

    ss_tell_end(out, status, &err);
    ss_hash_cancel(work);
    status = ss_hash_start(q->file, &call, &work, &err);
    ss_tell_end(out, status, &err);
    ss_answer_status(out, q);
    status = ss_hash_finish(work, &call, &report, &err);
    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        tell_hash(out, &report);
    }
}

void ss_answer_catalogue(FILE *out, const struct ss_test_question *q)
{
    (void)q;
    fprintf(out, "%s\n", ss_version());
    for (size_t i = 0; i < ss_check_count(); i++) {
        const struct ss_check *check = ss_check_at(i);

        fprintf(out, "%s %s %s\n", check->id, ss_severity_name(check->severity), check->text);
    }
    fprintf(out, "%d %d\n", ss_etcd_bucket_known("lease", 5), ss_etcd_bucket_known("leases", 6));
}

static void tell_report(FILE *out, const struct ss_verify_report *r)
{
    fprintf(out, "%s %s %u %d\n", ss_verdict_name(r->verdict), r->verdict_text, r->checked,
            r->is_etcd);
    tell_hash(out, &r->hash);
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct ss_finding *f = &r->findings[i];

        fprintf(out, "%s @%" PRIu64 " p%" PRIu64 ".%" PRIu64 " %s %s [%s] [%s]\n", f->check->id,
                f->off, f->pgid, f->element, f->bucket, f->detail, f->have, f->expect);
    }
    fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " pages %" PRIu64 " %" PRIu64 " %" PRIu64,
            r->error_count, r->warning_count, r->note_count, r->reachable_count, r->free_count,
            r->leaked_count);
    fprintf(out, " records %" PRIu64 " %" PRIu64 "\n", r->record_count, r->live_count);
}

void ss_answer_verify(FILE *out, const struct ss_test_question *q)
{
    /* Each way to spend the second thread: on the hash, and on leaves from the other end. */
    static const unsigned whats[] = {0, SS_VERIFY_STRUCTURE};
    const struct ss_call call = ss_answer_call(q);

    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
        const struct ss_verify_opts opts = {.what = whats[i]};
        struct ss_verify_report *report;
        struct ss_error err;
        enum ss_status status = ss_verify(q->file, &opts, &call, &report, &err);

        ss_tell_end(out, status, &err);
        if (status == SS_OK) {
            tell_report(out, report);
        }
        ss_verify_free(report);
    }
}

void ss_answer_summary(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    for (int i = 0; i < 2; i++) {
        const struct ss_summary_opts opts = {.trees = i > 0};
        struct ss_summary *s;
        struct ss_error err;
        char releases[64];
        enum ss_status status = ss_summary(q->file, &opts, &call, &s, &err);

        ss_tell_end(out, status, &err);
        if (status != SS_OK) {
            continue;
        }
        fprintf(out, "%s %s %s: %s %u %" PRIu64 "\n", ss_restorable_name(s->restorable),
                ss_summary_why_name(s->why), s->text,
                ss_boot_releases(&s->boot, true, NULL, releases, sizeof(releases)), s->checked,
                s->error_count);
        ss_summary_free(s);
    }
}

void ss_answer_text_mode(FILE *out, const struct ss_test_question *q)
{
    struct ss_text_mode found;
    struct ss_error err;
    enum ss_status status = ss_text_mode(q->file, NULL, &found, &err);

    ss_tell_end(out, status, &err);
    fprintf(out, "%d %" PRIu64 " @%" PRIu64 " p%" PRIu64 " %" PRIu64 " %d\n", (int)found.change,
            found.count, found.off, found.pgid, found.fit_count, found.hash_right);
}

void ss_answer_other_tree(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_other_tree tree;
    struct ss_error err;
    enum ss_status status = ss_other_tree(q->file, &call, &tree, &err);

    ss_tell_end(out, status, &err);
    fprintf(out,
            "%d %d %" PRIu64 " %d %" PRIu64 " %s @%" PRIu64 " p%" PRIu64 " %" PRIu64 " %" PRIu64
            "\n",
            tree.exists, tree.which, tree.txid, tree.is_etcd, tree.error_count,
            tree.first == NULL ? "" : tree.first->id, tree.first_off, tree.first_pgid,
            tree.record_count, tree.live_count);
}

void ss_answer_intake(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    const struct ss_intake_opts opts = {.skip_hash_check = true};
    struct ss_intake intake;
    struct ss_error err;
    enum ss_status status = ss_intake(q->file, &opts, &call, &intake, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "%d %s %s\n", intake.accepted, intake.decision, ss_seal_name(intake.seal));
        tell_report(out, intake.checked);
    }
    ss_intake_fini(&intake);
}

/* ---- diff ---- */

static enum ss_status on_change(void *ctx, const struct ss_diff_change *change,
                                struct ss_error *err)
{
    (void)err;
    fprintf(ctx, "%s %u", ss_change_name(change->change), change->differs);
    if (change->a != NULL) {
        ss_tell_record(ctx, change->a);
    }
    if (change->b != NULL) {
        ss_tell_record(ctx, change->b);
    }
    return SS_OK;
}

void ss_answer_diff(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_diff_result r;
    struct written w;
    struct ss_error err;
    enum ss_side side = SS_SIDE_A;

    written_begin(&w);
    for (int lines = 0; lines < 2; lines++) {
        enum ss_status status =
            lines == 0 ? ss_diff(q->file, q->other, NULL, on_change, out, &call, &r, &side, &err)
                       : ss_diff_ndjson(q->file, q->other, NULL, true, take_written, &w, &call, &r,
                                        &side, &err);

        ss_tell_end(out, status, &err);
        if (status != SS_OK) {
            fprintf(out, "side %d\n", (int)side);
            continue;
        }
        fprintf(out, "%" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64, r.rev_a, r.rev_b, r.count_a,
                r.count_b);
        fprintf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, r.added, r.removed,
                r.modified, r.same);
    }
    tell_written(out, &w);
}

void ss_answer_lineage(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    struct ss_lineage l;
    struct ss_error err;
    enum ss_side side = SS_SIDE_A;
    enum ss_status status = ss_lineage_compare(q->file, q->other, &call, &l, &side, &err);

    ss_tell_end(out, status, &err);
    if (status != SS_OK) {
        fprintf(out, "side %d\n", (int)side);
        return;
    }
    ss_tell_rev_facts(out, &l.facts_a);
    ss_tell_rev_facts(out, &l.facts_b);
    fprintf(out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
            ss_lineage_name(l.verdict), l.equal_count, l.gone_a, l.gone_b, l.further_a, l.further_b,
            l.differing_count);
    fprintf(out, " common %d %" PRId64 ".%" PRId64 "\n", l.has_common, l.last_common.main,
            l.last_common.sub);
    if (l.at_a) {
        ss_tell_record(out, &l.record_a);
    }
    if (l.at_b) {
        ss_tell_record(out, &l.record_b);
    }
}

/* ---- what is written ---- */

void ss_answer_dump(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    for (int i = 0; i < 8; i++) {
        const struct ss_dump_opts opts = {.format = (enum ss_dump_format)(i / 2),
                                          .revisions = i % 2 != 0};
        struct ss_dump_result r;
        struct written w;
        struct ss_error err;
        enum ss_status status;

        written_begin(&w);
        status = ss_dump(q->file, &opts, take_written, &w, &call, &r, &err);
        ss_tell_end(out, status, &err);
        /* What came before a fault may be cut anywhere. */
        if (status == SS_OK) {
            fprintf(out, "%" PRIu64 " %" PRId64 " %" PRIu64, r.record_count, r.rev, r.out_len);
            tell_written(out, &w);
        }
    }
}

void ss_answer_convert(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    for (int i = 0; i < 4; i++) {
        const struct ss_convert_opts opts = {
            .rebuild = i > 0, .page_size = i == 2 ? 16384 : 0, .byte_order = i == 3 ? 2 : 0};
        struct ss_convert_result r;
        struct written w;
        struct ss_error err;
        enum ss_status status;

        written_begin(&w);
        status = ss_convert_unchecked(q->file, &opts, take_written, &w, &call, &r, &err);
        ss_tell_end(out, status, &err);
        if (status == SS_OK) {
            fprintf(out, "%d %u %d %" PRIu64 " %" PRIu64, r.rebuilt, r.page_size, r.big_endian,
                    r.high_water, r.out_len);
            ss_tell_bytes(out, r.sha256, sizeof(r.sha256));
            tell_written(out, &w);
        }
    }
}

void ss_answer_salvage(FILE *out, const struct ss_test_question *q)
{
    for (int i = 0; i < 2; i++) {
        const struct ss_salvage_opts opts = {.include_freed = i > 0};
        const struct ss_call call = {.threads = q->threads};
        struct ss_salvage_report r;
        struct written w;
        struct ss_error err;
        enum ss_status status;

        written_begin(&w);
        status = ss_salvage(q->file, &opts, take_written, &w, &call, &r, &err);
        ss_tell_end(out, status, &err);
        if (status == SS_OK) {
            fprintf(out, "%s %" PRIu64 " %" PRIu64, ss_salvage_outcome_name(r.outcome),
                    r.record_count, r.lost_count);
            for (int tier = 0; tier < SS_TIER_COUNT; tier++) {
                fprintf(out, " %s %" PRIu64, ss_salvage_tier_name((enum ss_salvage_tier)tier),
                        r.tier_count[tier]);
            }
            ss_tell_bytes(out, r.sha256, sizeof(r.sha256));
            tell_written(out, &w);
        }
    }
}

/* The decision first; true when the work went on. */
static bool tell_intake(FILE *out, enum ss_status status, const struct ss_intake *in,
                        const struct ss_error *err)
{
    ss_tell_end(out, status, err);
    if (status == SS_OK) {
        fprintf(out, "%d %s\n", in->accepted, in->decision);
    }
    return status == SS_OK && in->accepted;
}

void ss_answer_convert_checked(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    for (int i = 0; i < 2; i++) {
        const struct ss_intake_opts check = {.skip_hash_check = true};
        const struct ss_convert_opts opts = {.rebuild = i > 0};
        struct ss_convert_result r;
        struct ss_intake in;
        bool rebuilds = ss_convert_rebuilds(q->file, &opts);
        struct written w;
        struct ss_error err;
        enum ss_status status;

        written_begin(&w);
        status = ss_convert(q->file, &check, &opts, take_written, &w, &call, &in, &r, &err);
        if (tell_intake(out, status, &in, &err)) {
            fprintf(out, "%d%d ", rebuilds, in.heals_freelist);
            ss_tell_bytes(out, r.sha256, sizeof(r.sha256));
            tell_written(out, &w);
        }
        ss_intake_fini(&in);
    }
}

static void tell_file_bytes(FILE *out, const char *path)
{
    struct ss_file *file;
    struct ss_error err;

    if (ss_open(path, NULL, NULL, &file, &err) != SS_OK) {
        fail_msg("%s: %s", path, err.message);
    }
    ss_tell_span(out, "db", ss_file_bytes(file, 0, UINT64_MAX));
    ss_close(file);
}

static void tell_wal(FILE *out, const char *path)
{
    struct ss_wal_facts w;
    struct ss_error err;
    enum ss_status status = ss_wal_read(path, 0, &w, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                w.file_count, w.record_count, w.cluster_id, w.commit, w.entry_last, w.beyond_count);
    }
}

/* The log of the member that was made, and of the file that all ask about. */
static void tell_source_wal(FILE *out, const struct ss_file *file)
{
    struct ss_source_wal wal;
    struct ss_error err;
    enum ss_status status = ss_source_wal(file, &wal, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "%d %d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", wal.dir != NULL, wal.is_read,
                wal.file_count, wal.applied, wal.facts.entry_last);
    }
    ss_source_wal_fini(&wal);
}

void ss_answer_restore(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    const struct ss_restore_opts opts = {.data_dir = q->scratch, .bump_revision = 1000};
    struct ss_restore_result r;
    struct ss_error err;
    char path[256];
    enum ss_status status = ss_restore_unchecked(q->file, &opts, &call, &r, &err);

    ss_tell_end(out, status, &err);
    if (status == SS_OK) {
        fprintf(out, "%" PRIx64 " %zu %" PRIx64 " %" PRId64 " %" PRId64 " %" PRIu64, r.cluster_id,
                r.member_count, r.members[0].id, r.revision, r.compacted, r.db_len);
        snprintf(path, sizeof(path), "%s/member/snap/db", q->scratch);
        tell_file_bytes(out, path);
        snprintf(path, sizeof(path), "%s/member/wal", q->scratch);
        tell_wal(out, path);
        tell_source_wal(out, q->file);
    }
    ss_restore_result_fini(&r);
}

void ss_answer_restore_checked(FILE *out, const struct ss_test_question *q)
{
    const struct ss_call call = ss_answer_call(q);
    const struct ss_intake_opts check = {.skip_hash_check = true};
    struct ss_restore_opts opts = {0};
    struct ss_restore_result r;
    struct ss_intake in;
    struct ss_error err;
    char dir[256], path[300];

    snprintf(dir, sizeof(dir), "%s.checked", q->scratch);
    opts.data_dir = dir;
    if (tell_intake(out, ss_restore(q->file, &check, &opts, &call, &in, &r, &err), &in, &err)) {
        fprintf(out, "%" PRIx64 " %" PRId64 " %" PRIu64, r.cluster_id, r.revision, r.db_len);
        snprintf(path, sizeof(path), "%s/member/snap/db", dir);
        tell_file_bytes(out, path);
    }
    ss_intake_fini(&in);
    ss_restore_result_fini(&r);
}

/* What is written to a temporary file is its own, whoever makes one beside it. */
static void tell_tmp(FILE *out, struct ss_span bytes)
{
    uint8_t again[64] = {0};
    int fd = ss_tmp_open(NULL);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, (size_t)bytes.len), bytes.len);
    assert_int_equal(lseek(fd, 0, SEEK_END), bytes.len);
    fprintf(out, "tmp %zd", pread(fd, again, sizeof(again), 0));
    ss_tell_bytes(out, again, sizeof(again));
    fputc('\n', out);
    close(fd);
}

void ss_answer_output(FILE *out, const struct ss_test_question *q)
{
    struct ss_span bytes = ss_file_bytes(q->file, 0, 100000);
    struct ss_output *output;
    struct ss_error err;
    char path[256];

    snprintf(path, sizeof(path), "%s.out", q->scratch);
    ss_tell_end(out, ss_output_open(path, false, q->file, &output, &err), &err);
    ss_output_expect(output, bytes.len);
    ss_tell_end(out, ss_output_write(output, bytes.ptr, (size_t)bytes.len, &err), &err);
    ss_tell_end(out, ss_output_commit(output, &err), &err);
    ss_output_free(output);
    tell_file_bytes(out, path);
    tell_tmp(out, bytes);
}
