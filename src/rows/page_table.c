/*
 * page_table.c - table `pages`: every page below high-water, what uses it and which bucket owns it.
 */
#include "parser/page_list.h"
#include "rows/tree_tables.h"

enum {
    PAGE,
    USE,
    TYPE,
    COUNT,
    OVERFLOW_COUNT,
    FAULT,
    BUCKET,
    OWNER,
    OFFSET,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [PAGE] = {.name = "page",
              .title = "PAGE",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .doc = "its id"},
    [USE] = {.name = "use",
             .title = "USE",
             .type = SS_TYPE_TEXT,
             .doc = "meta, freelist, reachable, overflow, free or orphan"},
    [TYPE] = {.name = "type",
              .title = "TYPE",
              .type = SS_TYPE_TEXT,
              .optional = true,
              .doc = "what its header says; a page of an overflow run has none"},
    [COUNT] = {.name = "count",
               .title = "COUNT",
               .type = SS_TYPE_UINT,
               .optional = true,
               .doc = "elements, as its header says"},
    [OVERFLOW_COUNT] = {.name = "overflow",
                        .title = "OVERFLOW",
                        .type = SS_TYPE_UINT,
                        .optional = true,
                        .doc = "further pages that belong to it, as its header says"},
    [FAULT] = {.name = "fault",
               .title = "FAULT",
               .type = SS_TYPE_TEXT,
               .optional = true,
               .doc = "why the page, or a reference to it, was refused"},
    [BUCKET] = {.name = "bucket",
                .title = "BUCKET",
                .type = SS_TYPE_TEXT,
                .optional = true,
                .doc = "path of its owner, escaped; empty for the root bucket"},
    [OWNER] = {.name = "owner",
               .title = "BUCKET",
               .type = SS_TYPE_TEXT,
               .optional = true,
               .on_request = true,
               .doc = "the same for people: a slash for the root bucket"},
    [OFFSET] = {.name = "offset",
                .title = "OFFSET",
                .type = SS_TYPE_UINT,
                .unit = SS_UNIT_OFFSET,
                .on_request = true,
                .doc = "where it begins in the file"},
};

struct cursor {
    struct ss_page_list *list;
    struct ss_page_row row;
};

static enum ss_status open_pages(struct ss_rows *rows, const struct ss_call *call,
                                 struct ss_error *err)
{
    struct cursor *c = rows->cursor;

    return ss_page_list_new(rows->file, call, rows->query.on_fault, rows->query.fault_ctx, &c->list,
                            &rows->fault_count, err);
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;

    (void)err;
    return ss_page_list_next(c->list, &c->row) ? SS_OK : SS_END;
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct ss_page_row *row = &((const struct cursor *)rows->cursor)->row;
    /* What stands where a header would be, in the rest of another page, means nothing. */
    bool has_header = row->use != SS_USE_OVERFLOW;

    switch (column) {
    case PAGE:
        out->is.number = row->pgid;
        break;
    case USE:
        ss_value_text(out, ss_page_use_name(row->use));
        break;
    case TYPE:
        ss_value_text(out, has_header ? ss_page_type_name(row->head.type) : NULL);
        break;
    case COUNT:
        out->is.number = row->head.count;
        out->known = has_header;
        break;
    case OVERFLOW_COUNT:
        out->is.number = row->head.overflow;
        out->known = has_header;
        break;
    case FAULT:
        ss_value_text(out, row->fault == SS_E_NONE ? NULL : ss_code_name(row->fault));
        break;
    case BUCKET:
        ss_value_text(out, row->bucket);
        break;
    case OWNER:
        ss_value_text(out, row->bucket != NULL && row->bucket[0] == '\0' ? "/" : row->bucket);
        break;
    default:
        out->is.number = row->head.off;
        break;
    }
}

static void close(struct ss_rows *rows)
{
    struct cursor *c = rows->cursor;

    ss_page_list_free(c->list);
}

static const struct ss_table_ops ops = {.cursor_len = sizeof(struct cursor),
                                        .open = open_pages,
                                        .next = next,
                                        .value = value,
                                        .close = close};

const struct ss_table ss_table_pages = {.name = "pages",
                                        .row = "a page",
                                        .doc = "every page of any bbolt file, with its owner",
                                        .columns = columns,
                                        .column_count = COLUMN_COUNT,
                                        .ops = &ops};
