/*
 * hash.c - see hash.h for how the state is told.
 */
#include "verify/hash.h"

#include "source/pieces.h"
#include "util/error.h"
#include "util/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HASH_LEN SS_SHA256_LEN
#define FAR_LEN (UINT64_C(1) << 30)

const char *ss_hash_state_name(enum ss_hash_state state)
{
    static const char *const names[] = {[SS_HASH_NOT_CHECKED] = "not-checked",
                                        [SS_HASH_NO_DB] = "no-db",
                                        [SS_HASH_VALID] = "valid",
                                        [SS_HASH_MISMATCH] = "mismatch",
                                        [SS_HASH_ZERO] = "zero",
                                        [SS_HASH_ABSENT] = "absent",
                                        [SS_HASH_CUT] = "cut"};

    return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

/* How many bytes the found part of the hash covers; SS_NONE: nothing that looks like one. */
static uint64_t covered_by(const struct ss_file *file, uint8_t *found_len)
{
    uint64_t len = file->geo.bytes.len;
    uint64_t db_len = ss_file_db_len(file);

    *found_len = 0;
    if (ss_len_ends_in_hash(len)) {
        *found_len = HASH_LEN;
        return len - HASH_LEN;
    }
    if (file->readable && len > db_len && len - db_len < HASH_LEN) {
        *found_len = (uint8_t)(len - db_len);
        return db_len;
    }
    return SS_NONE;
}

static bool is_uniform(const uint8_t *bytes, uint64_t len, uint8_t value)
{
    return len == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, (size_t)len - 1) == 0);
}

/*
 * Whether what stands behind 32 bytes at the high-water mark is padding, as block-wise and text-mode file
 * transfers leave it (0x1a is CP/M's end of file). Then those 32 bytes may be the hash.
 */
static bool find_padding(const struct ss_file *file, struct ss_hash_report *report)
{
    uint64_t db_len = ss_file_db_len(file), len = file->geo.bytes.len, at;
    const uint8_t *bytes = file->geo.bytes.ptr;
    uint8_t value;

    if (!file->readable || len <= db_len || len - db_len <= HASH_LEN) {
        return false;
    }
    at = db_len + HASH_LEN;
    value = bytes[at];
    if ((value != 0 && value != 0x1a && value != 0xff) ||
        is_uniform(bytes + db_len, HASH_LEN, value)) {
        return false;
    }
    if (value == 0 ? ss_source_not_zero(&file->src, at, len) != len
                   : !is_uniform(bytes + at, len - at, value)) {
        return false;
    }
    report->padding_len = len - at;
    report->padding_byte = value;
    return true;
}

/* No SHA-256 is all zeroes. Where they lie in a hole, far behind the pages, nothing needs to be hashed. */
static bool is_in_hole(const struct ss_file *file, uint64_t covered)
{
    uint64_t db_len = ss_file_db_len(file), len = file->geo.bytes.len;

    return file->readable && covered > db_len && covered - db_len >= FAR_LEN &&
           ss_source_data(&file->src, covered - FAR_LEN, len) == len;
}

/* What there is to hash when nothing is padding. */
static void take_last(struct ss_hash_job *job)
{
    const struct ss_file *file = job->file;
    struct ss_hash_report *report = &job->report;
    uint64_t covered;

    *report = (struct ss_hash_report){0};
    job->total = 0;
    covered = covered_by(file, &report->found_len);
    if (covered == SS_NONE) {
        return;
    }
    report->covered_len = covered;
    memcpy(report->found, file->geo.bytes.ptr + covered, report->found_len);
    if (!is_in_hole(file, covered)) {
        job->total = covered;
    }
}

void ss_hash_job_init(struct ss_hash_job *job, const struct ss_file *file)
{
    struct ss_hash_report *report = &job->report;

    memset(job, 0, sizeof(*job));
    job->file = file;
    ss_error_clear(&job->err);
    if (!find_padding(file, report)) {
        take_last(job);
        return;
    }
    report->found_len = HASH_LEN;
    report->covered_len = job->total = ss_file_db_len(file);
    memcpy(report->found, file->geo.bytes.ptr + job->total, HASH_LEN);
}

static bool is_match(const struct ss_hash_report *report)
{
    return report->computed && report->found_len == HASH_LEN &&
           memcmp(report->found, report->expected, HASH_LEN) == 0;
}

static enum ss_hash_state judge(const struct ss_file *file, const struct ss_hash_report *report)
{
    static const uint8_t zero[HASH_LEN];
    uint64_t len = file->geo.bytes.len;

    if (is_match(report)) {
        return SS_HASH_VALID;
    }
    if (file->readable && len < ss_file_db_len(file)) {
        return SS_HASH_CUT;
    }
    if (report->found_len > 0 && report->found_len < HASH_LEN) {
        return SS_HASH_CUT;
    }
    if (report->found_len == 0) {
        return file->kind == SS_KIND_BBOLT ? SS_HASH_ABSENT : SS_HASH_NO_DB;
    }
    if (file->kind != SS_KIND_BBOLT) {
        return SS_HASH_NO_DB;
    }
    return memcmp(report->found, zero, HASH_LEN) == 0 ? SS_HASH_ZERO : SS_HASH_MISMATCH;
}

static bool tell(const struct ss_hash_job *job, uint64_t at)
{
    return ss_call_goes_on(&job->call, "hashing", at, job->total);
}

static enum ss_status no_sha256(struct ss_hash_job *job)
{
    return ss_system(&job->err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be computed)");
}

/* Every piece into the hash; SS_END behind the last one. */
static enum ss_status digest_pieces(struct ss_hash_job *job, struct ss_pieces *pieces,
                                    struct ss_sha256 *sha)
{
    enum ss_status status = SS_OK;
    struct ss_span piece;

    while (status == SS_OK) {
        if (!tell(job, pieces->at)) {
            return ss_system(&job->err, SS_E_CANCELLED, 0, "cancelled");
        }
        status = ss_pieces_next(pieces, &piece, &job->err);
        if (status == SS_OK && !ss_sha256_update(sha, piece.ptr, (size_t)piece.len)) {
            return no_sha256(job);
        }
    }
    return status;
}

static enum ss_status digest(struct ss_hash_job *job, struct ss_sha256 *sha)
{
    enum ss_status status;
    struct ss_pieces pieces;

    if (!ss_sha256_init(sha)) {
        return no_sha256(job);
    }
    ss_pieces_init(&pieces, &job->file->src, job->total);
    status = digest_pieces(job, &pieces, sha);
    ss_pieces_fini(&pieces);
    if (status != SS_END) {
        return status;
    }
    if (!ss_sha256_final(sha, job->report.expected)) {
        return no_sha256(job);
    }
    job->report.computed = true;
    return ss_source_check(&job->file->src, SS_OK, &job->err);
}

/* The digest of these very bytes may be known from when they were spooled, or copied. */
static const uint8_t *known_digest(const struct ss_hash_job *job)
{
    const struct ss_source *src = &job->file->src;

    if (job->given == NULL && src->has_digest && src->digest_len == job->total) {
        return src->digest;
    }
    return job->given;
}

bool ss_hash_job_is_known(const struct ss_hash_job *job)
{
    return known_digest(job) != NULL;
}

static bool take_digest(struct ss_hash_job *job)
{
    const uint8_t *known = known_digest(job);

    if (known == NULL) {
        return false;
    }
    memcpy(job->report.expected, known, HASH_LEN);
    job->report.computed = true;
    return true;
}

static void compute(struct ss_hash_job *job)
{
    struct ss_sha256 sha = {0};

    job->status = SS_OK;
    if (job->total == 0 || take_digest(job)) {
        return;
    }
    job->status = digest(job, &sha);
    ss_sha256_fini(&sha);
}

/* Pages are missing: whatever the last 32 bytes are, they are no part of a hash. */
static void forget_found(struct ss_hash_report *report)
{
    *report = (struct ss_hash_report){.state = report->state};
}

void ss_hash_job_run(struct ss_hash_job *job)
{
    struct ss_hash_report *report = &job->report;

    job->has_run = true;
    compute(job);
    if (job->status == SS_OK && report->padding_len > 0 && !is_match(report)) {
        take_last(job); /* what looked like padding stands behind other bytes than the hash */
        job->given = NULL;
        compute(job);
    }
    if (job->status != SS_OK) {
        return;
    }
    report->state = judge(job->file, report);
    if (report->state == SS_HASH_CUT && job->file->geo.bytes.len < ss_file_db_len(job->file)) {
        forget_found(report);
    }
}

enum ss_status ss_hash_check(const struct ss_file *file, const struct ss_call *call,
                             struct ss_hash_report *out, struct ss_error *err)
{
    struct ss_hash_job job;

    ss_error_clear(err);
    ss_hash_job_init(&job, file);
    ss_hash_job_finish(&job, ss_call_or_none(call));
    *out = job.report;
    if (job.status != SS_OK) {
        *err = job.err;
    }
    return job.status;
}

/* The file ends inside the hash: what is left of it may still agree with the bytes. */
static void find_cut(const struct ss_file *file, const struct ss_hash_report *report,
                     struct ss_findings *findings)
{
    struct ss_place at = {report->covered_len, SS_NONE, SS_NONE, NULL};
    bool agrees = memcmp(report->found, report->expected, report->found_len) == 0;
    char have[32];

    if (report->found_len == 0) {
        return; /* pages are missing: the structure says so, with the place */
    }
    snprintf(have, sizeof(have), "%u bytes", report->found_len);
    ss_find(findings, SS_CHECK_HASH_CUT, at, have, "32 bytes",
            "the file of %" PRIu64 " bytes ends inside the hash; what is left of it %s",
            file->geo.bytes.len,
            agrees ? "agrees with the bytes before it" : "does not agree with the bytes before it");
}

static void find_padded(const struct ss_file *file, const struct ss_hash_report *report,
                        struct ss_findings *findings)
{
    struct ss_place at = {report->covered_len + HASH_LEN, SS_NONE, SS_NONE, NULL};
    char have[40], expect[40];

    if (report->padding_len == 0) {
        return;
    }
    snprintf(have, sizeof(have), "%" PRIu64 " bytes", file->geo.bytes.len);
    snprintf(expect, sizeof(expect), "%" PRIu64 " bytes", at.off);
    ss_find(findings, SS_CHECK_HASH_PADDED, at, have, expect,
            "the SHA-256 at the high-water mark is valid, and %" PRIu64
            " bytes of padding (0x%02x) follow it",
            report->padding_len, report->padding_byte);
}

void ss_hash_findings(const struct ss_file *file, const struct ss_hash_report *report,
                      bool required, struct ss_findings *findings)
{
    struct ss_place at = {report->covered_len, SS_NONE, SS_NONE, NULL};
    struct ss_place end = {file->geo.bytes.len, SS_NONE, SS_NONE, NULL};
    char found[2 * HASH_LEN + 1], expected[2 * HASH_LEN + 1];

    ss_text_hex(report->found, report->found_len, found);
    ss_text_hex(report->expected, HASH_LEN, expected);
    switch (report->state) {
    case SS_HASH_VALID:
        find_padded(file, report, findings);
        break;
    case SS_HASH_MISMATCH:
        ss_find(findings, SS_CHECK_HASH_MISMATCH, at, found, expected,
                "SHA-256 over the first %" PRIu64 " bytes is not the one at their end",
                report->covered_len);
        break;
    case SS_HASH_ZERO:
        ss_find(findings, SS_CHECK_HASH_ZERO, at, found, expected,
                "32 zero bytes stand where the SHA-256 belongs");
        break;
    case SS_HASH_ABSENT:
        ss_find(findings, required ? SS_CHECK_HASH_REQUIRED : SS_CHECK_HASH_ABSENT, end, NULL, NULL,
                "the file of %" PRIu64 " bytes ends without a SHA-256", file->geo.bytes.len);
        break;
    case SS_HASH_CUT:
        find_cut(file, report, findings);
        break;
    default:
        break;
    }
}
