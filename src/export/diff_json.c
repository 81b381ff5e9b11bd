/*
 * diff_json.c - what differs between two files, as JSON Lines.
 *
 *   {"change":"added","key":"k","b":{…}} \n
 *   {"change":"modified","key":"k","differs":["value","lease","revision"],"a":{…},"b":{…}} \n
 *
 *   each side   {"create_revision":2,"mod_revision":7,"version":3,"lease":"0000000000000000","value_len":5}
 *               {…,"lease":"694d77aa9e38260f","value":"hello"}      with values
 *
 * The order of members is part of the format. Once a mapped read of either file has failed nothing
 * more is written: the zeroes that stand in for the lost bytes never reach the output.
 */
#include "export/json_text.h"
#include "export/record_json.h"
#include "parser/db.h"
#include "util/error.h"

struct diff_stream {
    const struct ss_file *a, *b;
    bool values;
    struct ss_outbuf out;
    ss_write_fn write;
    void *write_ctx;
};

/* The flush of the output buffer. */
static bool guarded_write(void *ctx, const void *bytes, size_t len)
{
    const struct diff_stream *d = ctx;
    struct ss_error ignored;

    return ss_source_check(&d->a->src, SS_OK, &ignored) == SS_OK &&
           ss_source_check(&d->b->src, SS_OK, &ignored) == SS_OK &&
           d->write(d->write_ctx, bytes, len);
}

static void put_differs(struct ss_outbuf *out, unsigned differs)
{
    static const struct {
        unsigned bit;
        const char *text;
    } parts[] = {{SS_DIFFERS_VALUE, "\"value\""},
                 {SS_DIFFERS_LEASE, "\"lease\""},
                 {SS_DIFFERS_REVISION, "\"revision\""}};
    const char *gap = "";

    SS_OUTBUF_LITERAL(out, ",\"differs\":[");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if ((differs & parts[i].bit) == 0) {
            continue;
        }
        ss_outbuf_text(out, gap);
        ss_outbuf_text(out, parts[i].text);
        gap = ",";
    }
    SS_OUTBUF_LITERAL(out, "]");
}

static void put_side(struct ss_outbuf *out, const char *head, const struct ss_record *rec,
                     bool values)
{
    const struct ss_record_style style = {.value = values ? SS_VALUE_BYTES : SS_VALUE_LEN};

    ss_outbuf_text(out, head);
    SS_OUTBUF_LITERAL(out, "{");
    ss_record_rest(out, rec, &style);
    SS_OUTBUF_LITERAL(out, "}");
}

/* SS_END, when output failed: there is no use in going on, and diff_end tells why. */
static enum ss_status put_change(void *ctx, const struct ss_diff_change *change,
                                 struct ss_error *err)
{
    struct diff_stream *d = ctx;
    const struct ss_record *named = change->a != NULL ? change->a : change->b;

    (void)err;
    SS_OUTBUF_LITERAL(&d->out, "{\"change\":\"");
    ss_outbuf_text(&d->out, ss_change_name(change->change));
    SS_OUTBUF_LITERAL(&d->out, "\",");
    ss_json_bytes(&d->out, "key", named->key.ptr, (size_t)named->key.len);
    if (change->change == SS_CHANGE_MODIFIED) {
        put_differs(&d->out, change->differs);
    }
    if (change->a != NULL) {
        put_side(&d->out, ",\"a\":", change->a, d->values);
    }
    if (change->b != NULL) {
        put_side(&d->out, ",\"b\":", change->b, d->values);
    }
    SS_OUTBUF_LITERAL(&d->out, "}\n");
    return d->out.failed ? SS_END : SS_OK;
}

/* Ends the output, and lets the cause that came first speak: a failed read, then a failed write. */
static enum ss_status diff_end(struct diff_stream *d, enum ss_status status, enum ss_side *side,
                               struct ss_error *err)
{
    const struct ss_file *const files[] = {d->a, d->b};
    bool whole = status == SS_OK && ss_outbuf_flush(&d->out);

    for (int i = 0; i < 2; i++) {
        enum ss_status checked = ss_source_check(&files[i]->src, status, err);

        if (checked != status) {
            *side = i == 0 ? SS_SIDE_A : SS_SIDE_B;
            return checked;
        }
    }
    if (status == SS_OK && !whole) {
        return ss_system(err, SS_E_OUTPUT, d->out.sys, "output cannot be written");
    }
    return status;
}

enum ss_status ss_diff_ndjson(const struct ss_file *a, const struct ss_file *b,
                              const struct ss_diff_opts *opts, bool values, ss_write_fn write,
                              void *write_ctx, const struct ss_call *call,
                              struct ss_diff_result *result, enum ss_side *side,
                              struct ss_error *err)
{
    struct diff_stream d = {
        .a = a, .b = b, .values = values, .write = write, .write_ctx = write_ctx};
    enum ss_side ignored;
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_diff_result){0};
    side = side != NULL ? side : &ignored;
    *side = SS_SIDE_A;
    if (!ss_outbuf_init(&d.out, guarded_write, &d)) {
        return ss_nomem(err, SS_OUTBUF_LEN);
    }
    status = ss_diff(a, b, opts, put_change, &d, call, result, side, err);
    status = diff_end(&d, status, side, err);
    ss_outbuf_fini(&d.out);
    return status;
}
