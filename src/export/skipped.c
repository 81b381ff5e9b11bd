/*
 * skipped.c - what a call that keeps going passed over, as JSON.
 *
 *   {"page":9,"offset":36864,"bucket":"key","element":3,"from":{…},"to":{…},"kept":true,
 *    "code":"page-id","message":"page is zeroed","have":"0","expect":"9"}
 *
 * A bound is {"mod_revision":47,"sub":0} in the bucket `key`, else {"key":…}; one that is not there was
 * not known, or there was none.
 */
#include "etcd/record.h"
#include "etcd/revision.h"
#include "export/job.h"
#include "export/json_text.h"
#include "util/bytes.h"
#include "util/error.h"

#include <stdlib.h>

struct ss_skipped {
    struct ss_bytes text;
    uint64_t count;
};

static void text_member(struct ss_outbuf *out, const char *name, const char *text)
{
    if (text[0] != '\0') {
        ss_outbuf_text(out, ",");
        ss_json_bytes(out, name, text, strlen(text));
    }
}

static void number_member(struct ss_outbuf *out, const char *name, uint64_t value)
{
    if (value != SS_NONE) {
        ss_outbuf_text(out, name);
        ss_json_u64(out, value);
    }
}

static void bound_member(struct ss_outbuf *out, const char *name, const struct ss_skip *skip,
                         struct ss_span key)
{
    struct ss_revision rev;
    struct ss_error ignored;
    bool tombstone;

    if (key.ptr == NULL) {
        return;
    }
    ss_outbuf_text(out, name);
    if (strcmp(skip->why.bucket, SS_KEY_BUCKET) == 0 &&
        ss_revision_decode(key, SS_NONE, &rev, &tombstone, &ignored) == SS_OK) {
        ss_outbuf_text(out, "{\"mod_revision\":");
        ss_json_i64(out, rev.main);
        ss_outbuf_text(out, ",\"sub\":");
        ss_json_i64(out, rev.sub);
    } else {
        ss_outbuf_text(out, "{");
        ss_json_bytes(out, "key", key.ptr, (size_t)key.len);
    }
    ss_outbuf_text(out, "}");
}

static void skip_json(struct ss_outbuf *out, const struct ss_skip *skip)
{
    const struct ss_error *why = &skip->why;

    ss_outbuf_text(out, "{\"code\":\"");
    ss_outbuf_text(out, ss_code_name(why->code));
    ss_outbuf_text(out, "\"");
    text_member(out, "message", why->message);
    text_member(out, "have", why->have);
    text_member(out, "expect", why->expect);
    number_member(out, ",\"page\":", why->pgid);
    number_member(out, ",\"offset\":", why->off);
    number_member(out, ",\"element\":", skip->element);
    text_member(out, "bucket", why->bucket);
    bound_member(out, ",\"from\":", skip, skip->from);
    bound_member(out, ",\"to\":", skip, skip->to);
    ss_outbuf_text(out, skip->kept ? ",\"kept\":true}" : "}");
}

bool ss_skip_json(const struct ss_skip *skip, ss_write_fn write, void *ctx)
{
    struct ss_outbuf out;
    bool good = ss_outbuf_init(&out, write, ctx);

    if (good) {
        skip_json(&out, skip);
        good = ss_outbuf_flush(&out);
    }
    ss_outbuf_fini(&out);
    return good;
}

struct ss_skipped *ss_skipped_new(void)
{
    return calloc(1, sizeof(struct ss_skipped));
}

void ss_skipped_free(struct ss_skipped *skipped)
{
    if (skipped != NULL) {
        ss_bytes_fini(&skipped->text);
        free(skipped);
    }
}

static bool gather(void *ctx, const void *bytes, size_t len)
{
    struct ss_bytes *text = ctx;

    ss_bytes_add(text, bytes, len);
    return !text->failed;
}

void ss_skipped_add(struct ss_skipped *skipped, const struct ss_skip *skip)
{
    struct ss_bytes *text = &skipped->text;

    skipped->count++;
    if (skipped->count > SS_SKIPPED_KEPT || text->failed) {
        return;
    }
    ss_bytes_text(text, text->len > 0 ? ",\n" : "\n");
    if (!ss_skip_json(skip, gather, text)) {
        text->failed = true;
    }
}

enum ss_status ss_skipped_members(const struct ss_skipped *skipped, struct ss_outbuf *out,
                                  struct ss_error *err)
{
    if (skipped->text.failed) {
        return ss_nomem(err, skipped->text.cap);
    }
    if (skipped->count > 0) {
        ss_outbuf_text(out, ",\"skipped_count\":");
        ss_json_u64(out, skipped->count);
        ss_outbuf_text(out, ",\"skipped\":[");
        ss_outbuf_append(out, skipped->text.ptr, skipped->text.len);
        ss_outbuf_text(out, "\n]");
    }
    return SS_OK;
}
