/*
 * meta_decode.c - single values of `meta` and `cluster`, see meta.h.
 */
#include "etcd/meta.h"

#include "etcd/json_doc.h"
#include "util/endian.h"

#include <inttypes.h>
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
    if (value.len != U64_LEN)
        return ss_corrupt(err, SS_E_FIELD, value.off + ss_min_u64(value.len, U64_LEN), pgid,
                          "%s has %" PRIu64 " bytes, 8 are due", name, value.len);
    *out = ss_load_u64(value.ptr, true);
    return SS_OK;
}

/* Reads digits up to `stop` (0: to the end) and passes it. */
static enum ss_status read_number(struct ss_span value, const char *name, uint64_t pgid,
                                  uint64_t *pos, uint8_t stop, uint64_t *out, struct ss_error *err)
{
    uint64_t start = *pos, n = 0;

    while (*pos < value.len && value.ptr[*pos] >= '0' && value.ptr[*pos] <= '9') {
        n = n * 10 + (uint64_t)(value.ptr[*pos] - '0');
        ++*pos;
        if (n > UINT32_MAX)
            return ss_corrupt(err, SS_E_FIELD, value.off + start, pgid,
                              "%s holds a number of more than 32 bits", name);
    }
    if (*pos == start || (stop != 0 && (*pos == value.len || value.ptr[*pos] != stop)))
        return ss_corrupt(err, SS_E_FIELD, value.off + *pos, pgid,
                          "%s is no version of the form MAJOR.MINOR.PATCH", name);
    *out = n;
    *pos += stop != 0;
    return SS_OK;
}

static bool is_identifier(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '+';
}

enum ss_status ss_semver_decode(struct ss_span value, const char *name, uint64_t pgid,
                                struct ss_semver *out, struct ss_error *err)
{
    uint64_t pos = 0;

    if (read_number(value, name, pgid, &pos, '.', &out->major, err) != SS_OK ||
        read_number(value, name, pgid, &pos, '.', &out->minor, err) != SS_OK ||
        read_number(value, name, pgid, &pos, 0, &out->patch, err) != SS_OK)
        return SS_CORRUPT;
    if (pos < value.len && value.ptr[pos] != '-' && value.ptr[pos] != '+')
        return ss_corrupt(err, SS_E_FIELD, value.off + pos, pgid,
                          "%s is no version of the form MAJOR.MINOR.PATCH", name);
    for (; pos < value.len; pos++)
        if (!is_identifier(value.ptr[pos]))
            return ss_corrupt(err, SS_E_FIELD, value.off + pos, pgid,
                              "byte 0x%02x has no place in %s", value.ptr[pos], name);
    return SS_OK;
}

static enum ss_status read_ids(const json_t *json, const char *name, struct ss_span value,
                               uint64_t pgid, uint64_t **ids, size_t *count, struct ss_error *err)
{
    const json_t *list, *item;
    size_t i;

    if (ss_json_doc_field(json, name, JSON_ARRAY, value.off, pgid, &list, err) != SS_OK)
        return SS_CORRUPT;
    *ids = calloc(json_array_size(list) + 1, sizeof(**ids));
    if (*ids == NULL)
        return ss_nomem(err, (json_array_size(list) + 1) * sizeof(**ids));
    json_array_foreach(list, i, item)
    {
        if (!ss_json_doc_u64(item, &(*ids)[i]))
            return ss_corrupt(err, SS_E_FIELD, value.off, pgid,
                              "\"%s\" holds something else than unsigned numbers of 64 bits", name);
    }
    *count = json_array_size(list);
    return SS_OK;
}

enum ss_status ss_conf_state_decode(struct ss_span value, uint64_t pgid, struct ss_conf_state *out,
                                    struct ss_error *err)
{
    json_t *json = NULL;
    enum ss_status st;

    *out = (struct ss_conf_state){0};
    st = ss_json_doc_load(value, "confState", pgid, &json, err);
    if (st == SS_OK)
        st = read_ids(json, "voters", value, pgid, &out->voters, &out->voter_count, err);
    if (st == SS_OK)
        st = read_ids(json, "learners", value, pgid, &out->learners, &out->learner_count, err);
    if (st == SS_OK)
        st = read_ids(json, "voters_outgoing", value, pgid, &out->voters_outgoing,
                      &out->voters_outgoing_count, err);
    if (st == SS_OK)
        st = read_ids(json, "learners_next", value, pgid, &out->learners_next,
                      &out->learners_next_count, err);
    if (st == SS_OK)
        st = ss_json_doc_bool(json, "auto_leave", value.off, pgid, &out->auto_leave, err);
    json_decref(json);
    if (st != SS_OK)
        ss_conf_state_fini(out);
    return st;
}

void ss_conf_state_fini(struct ss_conf_state *conf)
{
    free(conf->voters);
    free(conf->learners);
    free(conf->voters_outgoing);
    free(conf->learners_next);
    *conf = (struct ss_conf_state){0};
}

static enum ss_status read_downgrade(const json_t *json, struct ss_span value, uint64_t pgid,
                                     bool *enabled, char **target, struct ss_error *err)
{
    const json_t *text;
    struct ss_semver version;
    struct ss_span span;

    *enabled = false;
    if (ss_json_doc_field(json, "target-version", JSON_STRING, value.off, pgid, &text, err) !=
            SS_OK ||
        ss_json_doc_bool(json, "enabled", value.off, pgid, enabled, err) != SS_OK)
        return SS_CORRUPT;
    span = ss_span_of(text != NULL ? json_string_value(text) : "", json_string_length(text));
    if (*enabled && ss_semver_decode(span, "a downgrade's target", pgid, &version, err) != SS_OK) {
        err->off = value.off;
        return SS_CORRUPT;
    }
    *target = strdup(text != NULL ? json_string_value(text) : "");
    return *target != NULL ? SS_OK : ss_nomem(err, span.len + 1);
}

enum ss_status ss_downgrade_decode(struct ss_span value, uint64_t pgid, bool *enabled,
                                   char **target, struct ss_error *err)
{
    json_t *json = NULL;
    enum ss_status st = ss_json_doc_load(value, "downgrade", pgid, &json, err);

    if (st == SS_OK)
        st = read_downgrade(json, value, pgid, enabled, target, err);
    json_decref(json);
    return st;
}
