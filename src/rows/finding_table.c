/*
 * finding_table.c - table `findings`: what verify has to say.
 */
#include "rows/finding_table.h"

enum {
    CHECK,
    SEVERITY,
    DETAIL,
    OFFSET,
    PAGE,
    ELEMENT,
    BUCKET,
    HAVE,
    EXPECT,
    MEANING,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [CHECK] = {.name = "check",
               .title = "CHECK",
               .type = SS_TYPE_TEXT,
               .doc = "stable id of the check"},
    [SEVERITY] = {.name = "severity",
                  .title = "SEVERITY",
                  .type = SS_TYPE_TEXT,
                  .doc = "error, warning or note"},
    [DETAIL] = {.name = "detail", .title = "WHAT", .type = SS_TYPE_TEXT, .doc = "what exactly"},
    [OFFSET] = {.name = "offset",
                .title = "OFFSET",
                .type = SS_TYPE_UINT,
                .unit = SS_UNIT_OFFSET,
                .optional = true,
                .doc = "where in the file"},
    [PAGE] = {.name = "page",
              .title = "PAGE",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .optional = true,
              .doc = "on which page"},
    [ELEMENT] = {.name = "element",
                 .title = "ELEMENT",
                 .type = SS_TYPE_UINT,
                 .optional = true,
                 .doc = "at which of its elements"},
    [BUCKET] = {.name = "bucket",
                .title = "BUCKET",
                .type = SS_TYPE_TEXT,
                .optional = true,
                .doc = "in which bucket"},
    [HAVE] = {.name = "have",
              .title = "HAVE",
              .type = SS_TYPE_TEXT,
              .optional = true,
              .doc = "the value found"},
    [EXPECT] = {.name = "expect",
                .title = "EXPECT",
                .type = SS_TYPE_TEXT,
                .optional = true,
                .doc = "the value due"},
    [MEANING] = {.name = "meaning",
                 .title = "MEANING",
                 .type = SS_TYPE_TEXT,
                 .on_request = true,
                 .doc = "what the check means, in one line"},
};

struct cursor {
    struct ss_verify_report *report;
    size_t next;
};

static enum ss_status open_findings(struct ss_rows *rows, const struct ss_call *call,
                                    struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    const struct ss_verify_opts opts = {.max_findings = UINT64_MAX};

    return ss_verify(rows->file, &opts, call, &c->report, err);
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;

    (void)err;
    if (c->next == c->report->finding_count) {
        return SS_END;
    }
    c->next++;
    return SS_OK;
}

static void known_text(struct ss_value *out, const char *text)
{
    ss_value_text(out, text);
    out->known = out->known && text[0] != '\0';
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct cursor *c = rows->cursor;
    const struct ss_finding *finding = &c->report->findings[c->next - 1];

    switch (column) {
    case CHECK:
        ss_value_text(out, finding->check->id);
        break;
    case SEVERITY:
        ss_value_text(out, ss_severity_name(finding->check->severity));
        break;
    case DETAIL:
        ss_value_text(out, finding->detail);
        break;
    case OFFSET:
        ss_value_number(out, finding->off, SS_NONE);
        break;
    case PAGE:
        ss_value_number(out, finding->pgid, SS_NONE);
        break;
    case ELEMENT:
        ss_value_number(out, finding->element, SS_NONE);
        break;
    case BUCKET:
        known_text(out, finding->bucket);
        break;
    case HAVE:
        known_text(out, finding->have);
        break;
    case EXPECT:
        known_text(out, finding->expect);
        break;
    default:
        ss_value_text(out, finding->check->text);
        break;
    }
}

static void close(struct ss_rows *rows)
{
    struct cursor *c = rows->cursor;

    ss_verify_free(c->report);
}

static const struct ss_table_ops ops = {.cursor_len = sizeof(struct cursor),
                                        .open = open_findings,
                                        .next = next,
                                        .value = value,
                                        .close = close};

const struct ss_table ss_table_findings = {.name = "findings",
                                           .row = "a finding of verify",
                                           .doc = "every fault that verify names, with its place",
                                           .columns = columns,
                                           .column_count = COLUMN_COUNT,
                                           .ops = &ops};
