/*
 * meta_decode.c - single values of `meta` and `cluster`, see meta.h.
 */
#include "etcd/meta.h"

#include "etcd/json_doc.h"
#include "util/checked.h"
#include "util/endian.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define U64_LEN 8u

enum ss_meta_key ss_meta_key(enum ss_etcd_bucket bucket, struct ss_span key)
{
    static const struct {
        enum ss_etcd_bucket bucket;
        const char *key;
        enum ss_meta_key which;
    } known[] = {
        {SS_IN_META, "consistent_index", SS_META_CONSISTENT_INDEX},
        {SS_IN_META, "term", SS_META_TERM},
        {SS_IN_META, "confState", SS_META_CONF_STATE},
        {SS_IN_META, "scheduledCompactRev", SS_META_SCHEDULED_COMPACT},
        {SS_IN_META, "finishedCompactRev", SS_META_FINISHED_COMPACT},
        {SS_IN_META, "storageVersion", SS_META_STORAGE_VERSION},
        {SS_IN_CLUSTER, "clusterVersion", SS_META_CLUSTER_VERSION},
        {SS_IN_CLUSTER, "downgrade", SS_META_DOWNGRADE},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (bucket == known[i].bucket && ss_span_is(key, known[i].key)) {
            return known[i].which;
        }
    }
    return SS_META_OTHER;
}

enum ss_status ss_u64_decode(struct ss_span value, const char *name, uint64_t pgid, uint64_t *out,
                             struct ss_error *err)
{
    if (value.len != U64_LEN) {
        return ss_corrupt(err, SS_E_FIELD, value.off + ss_min_u64(value.len, U64_LEN), pgid,
                          "%s has %" PRIu64 " bytes, 8 are due", name, value.len);
    }
    *out = ss_load_u64(value.ptr, true);
    return SS_OK;
}

static enum ss_status no_semver(struct ss_span value, uint64_t pos, const char *name, uint64_t pgid,
                                struct ss_error *err)
{
    return ss_corrupt(err, SS_E_VERSION, value.off + pos, pgid,
                      "%s is no version of the form MAJOR.MINOR.PATCH", name);
}

/* Digits from *pos on that 63 bits hold. */
static enum ss_status read_number(struct ss_span value, const char *name, uint64_t pgid,
                                  uint64_t *pos, uint64_t *out, struct ss_error *err)
{
    uint64_t start = *pos, n = 0;

    while (*pos < value.len && value.ptr[*pos] >= '0' && value.ptr[*pos] <= '9') {
        uint64_t digit = value.ptr[*pos] - (uint64_t)'0';

        if (!ss_mul_u64(n, 10, &n) || !ss_add_u64(n, digit, &n) || n > INT64_MAX) {
            return ss_corrupt(err, SS_E_VERSION, value.off + start, pgid,
                              "%s holds a number of more than 63 bits", name);
        }
        ++*pos;
    }
    *out = n;
    return *pos > start ? SS_OK : no_semver(value, *pos, name, pgid, err);
}

/* Words of letters, digits and hyphens with dots between them, up to `end`; or nothing at all. */
static enum ss_status check_identifier(struct ss_span value, uint64_t pos, uint64_t end,
                                       const char *name, uint64_t pgid, struct ss_error *err)
{
    bool in_word = false;

    if (pos == end) {
        return SS_OK;
    }
    for (; pos < end; pos++) {
        uint8_t c = value.ptr[pos];
        bool is_word =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';

        if (!is_word && (c != '.' || !in_word)) {
            return ss_corrupt(err, SS_E_VERSION, value.off + pos, pgid,
                              "byte 0x%02x has no place in %s", c, name);
        }
        in_word = is_word;
    }
    return in_word ? SS_OK : no_semver(value, end, name, pgid, err);
}

static uint64_t find_byte(struct ss_span value, uint8_t byte, uint64_t from, uint64_t end)
{
    while (from < end && value.ptr[from] != byte) {
        from++;
    }
    return from;
}

enum ss_status ss_semver_decode(struct ss_span value, const char *name, uint64_t pgid,
                                struct ss_semver *out, struct ss_error *err)
{
    uint64_t plus = find_byte(value, '+', 0, value.len), hyphen = find_byte(value, '-', 0, plus);
    uint64_t *parts[] = {&out->major, &out->minor, &out->patch}, pos = 0;

    *out = (struct ss_semver){0};
    for (int i = 0; i < 3; i++) {
        if (i > 0 && (pos == value.len || value.ptr[pos++] != '.')) {
            return no_semver(value, pos == value.len ? pos : pos - 1, name, pgid, err);
        }
        if (read_number(value, name, pgid, &pos, parts[i], err) != SS_OK) {
            return SS_CORRUPT;
        }
    }
    if (pos != hyphen) {
        return no_semver(value, pos, name, pgid, err);
    }
    out->is_before = hyphen + 1 < plus;
    out->has_meta = plus + 1 < value.len;
    if (hyphen < plus && check_identifier(value, hyphen + 1, plus, name, pgid, err) != SS_OK) {
        return SS_CORRUPT;
    }
    return plus == value.len ? SS_OK
                             : check_identifier(value, plus + 1, value.len, name, pgid, err);
}

void ss_semver_text(struct ss_span value, char *out, size_t cap)
{
    uint64_t plus = find_byte(value, '+', 0, value.len), hyphen = find_byte(value, '-', 0, plus);
    struct ss_semver v;
    struct ss_error err;
    int len;

    out[0] = '\0';
    if (value.len >= cap || ss_semver_decode(value, "it", SS_NONE, &v, &err) != SS_OK) {
        return;
    }
    len =
        snprintf(out, cap, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 "%.*s%.*s", v.major, v.minor, v.patch,
                 v.is_before ? (int)(plus - hyphen) : 0, (const char *)value.ptr + hyphen,
                 v.has_meta ? (int)(value.len - plus) : 0, (const char *)value.ptr + plus);
    if (len < 0 || (size_t)len >= cap) {
        out[0] = '\0';
    }
}

enum ss_status ss_conf_state_decode(struct ss_span value, uint64_t pgid, struct ss_conf_state *out,
                                    struct ss_error *err)
{
    struct ss_json_u64s lists[4] = {0};
    const struct ss_json_field fields[] = {{"voters", SS_JSON_U64S, &lists[0]},
                                           {"learners", SS_JSON_U64S, &lists[1]},
                                           {"voters_outgoing", SS_JSON_U64S, &lists[2]},
                                           {"learners_next", SS_JSON_U64S, &lists[3]},
                                           {"auto_leave", SS_JSON_BOOL, &out->auto_leave}};
    enum ss_status status;

    *out = (struct ss_conf_state){0};
    status = ss_json_decode(value, "confState", pgid, true, fields,
                            sizeof(fields) / sizeof(fields[0]), err);
    out->voters = lists[0].items;
    out->voter_count = lists[0].count;
    out->learners = lists[1].items;
    out->learner_count = lists[1].count;
    out->voters_outgoing = lists[2].items;
    out->voters_outgoing_count = lists[2].count;
    out->learners_next = lists[3].items;
    out->learners_next_count = lists[3].count;
    if (status != SS_OK) {
        ss_conf_state_fini(out);
    }
    return status;
}

void ss_conf_state_fini(struct ss_conf_state *conf)
{
    free(conf->voters);
    free(conf->learners);
    free(conf->voters_outgoing);
    free(conf->learners_next);
    *conf = (struct ss_conf_state){0};
}

enum ss_status ss_downgrade_decode(struct ss_span value, uint64_t pgid, bool *enabled,
                                   char **target, struct ss_error *err)
{
    struct ss_json_text text = {0};
    const struct ss_json_field fields[] = {{"target-version", SS_JSON_TEXT, &text},
                                           {"enabled", SS_JSON_BOOL, enabled}};
    struct ss_semver version;
    enum ss_status status;

    *enabled = false;
    status = ss_json_decode(value, "downgrade", pgid, true, fields, 2, err);
    if (status == SS_OK && *enabled) {
        status = ss_semver_decode(ss_span_of(text.ptr != NULL ? text.ptr : "", text.len),
                                  "a downgrade's target", pgid, &version, err);
        if (status != SS_OK) {
            err->off = value.off;
        }
    }
    if (status == SS_OK && text.ptr == NULL) {
        text.ptr = strdup("");
        if (text.ptr == NULL) {
            status = ss_nomem(err, 1);
        }
    }
    if (status == SS_CORRUPT) {
        err->code = SS_E_VERSION;
    }
    if (status != SS_OK) {
        free(text.ptr);
        text.ptr = NULL;
    }
    *target = text.ptr;
    return status;
}
