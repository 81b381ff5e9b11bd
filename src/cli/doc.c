/*
 * doc.c - JSON documents, see doc.h. Jansson does all the writing; members keep their order.
 */
#include "doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abandon.h"
#include "print.h"

#define DOC_FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER)

static json_t *must(json_t *value)
{
    if (value == NULL) {
        cli_abandon_memory(0);
    }
    return value;
}

json_t *cli_doc_new(void)
{
    return must(json_object());
}

json_t *cli_doc_list(void)
{
    return must(json_array());
}

void cli_doc_set(json_t *doc, const char *name, json_t *value)
{
    if (json_object_set_new(doc, name, must(value)) != 0) {
        must(NULL);
    }
}

void cli_doc_append(json_t *list, json_t *value)
{
    if (json_array_append_new(list, must(value)) != 0) {
        must(NULL);
    }
}

void cli_doc_text(json_t *doc, const char *name, const char *text)
{
    if (ss_text_is_clean(text, strlen(text))) {
        cli_doc_set(doc, name, json_string(text));
        return;
    }
    char *escaped = cli_escaped_name(text);
    cli_doc_set(doc, name, json_string(escaped));
    free(escaped);
}

void cli_doc_bytes(json_t *doc, const char *name, const void *bytes, uint64_t len)
{
    size_t size = (size_t)len;
    if (ss_text_is_clean(bytes, size)) {
        cli_doc_set(doc, name, json_stringn(size == 0 ? "" : bytes, size));
        return;
    }
    char member[64];
    snprintf(member, sizeof(member), "%s_base64", name);
    char *text = cli_must_alloc(4 * ((size + 2) / 3) + 1);
    size_t text_len = ss_text_base64(bytes, size, text);
    cli_doc_set(doc, member, json_stringn(text, text_len));
    free(text);
}

void cli_doc_number(json_t *doc, const char *name, uint64_t value)
{
    if (value <= INT64_MAX) {
        cli_doc_set(doc, name, json_integer((json_int_t)value));
    } else {
        cli_doc_set(doc, name, json_string(cli_number_format(value).text));
    }
}

void cli_doc_int(json_t *doc, const char *name, int64_t value)
{
    cli_doc_set(doc, name, json_integer(value));
}

void cli_doc_bool(json_t *doc, const char *name, bool value)
{
    cli_doc_set(doc, name, json_boolean(value));
}

void cli_doc_null(json_t *doc, const char *name)
{
    cli_doc_set(doc, name, json_null());
}

void cli_doc_hex(json_t *doc, const char *name, uint64_t value, int digits)
{
    char text[32];
    snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, (uint64_t)value);
    cli_doc_set(doc, name, json_string(text));
}

void cli_doc_id(json_t *doc, const char *name, uint64_t id)
{
    cli_doc_text(doc, name, cli_id_format(id).text);
}

json_t *cli_doc_error(const struct ss_error *err)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "code", ss_code_name(err->code));
    cli_doc_text(doc, "message", err->message);
    if (err->have[0] != '\0') {
        cli_doc_text(doc, "have", err->have);
    }
    if (err->expect[0] != '\0') {
        cli_doc_text(doc, "expect", err->expect);
    }
    if (err->off != SS_NONE) {
        cli_doc_number(doc, "offset", err->off);
    }
    if (err->pgid != SS_NONE) {
        cli_doc_number(doc, "page", err->pgid);
    }
    if (err->bucket[0] != '\0') {
        cli_doc_text(doc, "bucket", err->bucket);
    }
    if (err->sys != 0) {
        cli_doc_int(doc, "errno", err->sys);
    }
    return doc;
}

void cli_doc_failure(json_t *doc, const struct ss_error *err, const char *name,
                     const struct ss_file *file)
{
    json_t *error = cli_doc_error(err);
    struct ss_file_facts facts = {0};
    cli_doc_text(error, "file", name);
    if (file != NULL) {
        ss_file_facts(file, &facts);
    }
    if (facts.member != NULL) {
        cli_doc_text(error, "member", facts.member);
    }
    cli_doc_set(doc, "error", error);
}

/* Where the pieces of a document go. */
struct sink {
    ss_write_fn write;
    void *ctx;
    bool failed; /* Jansson itself goes on where the name of a member could not be written */
};

static int put_piece(const char *piece, size_t len, void *ctx)
{
    struct sink *sink = ctx;
    sink->failed = sink->failed || !sink->write(sink->ctx, piece, len);
    return sink->failed ? -1 : 0;
}

/* False: `write` failed. Jansson fails, too, when it has no memory for its way through the document. */
static bool dumped(json_t *doc, size_t flags, ss_write_fn write, void *ctx)
{
    struct sink sink = {write, ctx, false};
    if (json_dump_callback(doc, put_piece, &sink, flags) != 0 && !sink.failed) {
        must(NULL);
    }
    return !sink.failed;
}

static bool to_text(void *text, const void *bytes, size_t len)
{
    cli_gather(text, bytes, len);
    return true;
}

static bool print_with(struct cli_out *out, json_t *doc, size_t flags)
{
    bool good = dumped(doc, flags, cli_out_write, out);
    json_decref(doc);
    return good && cli_out_text(out, "\n");
}

bool cli_doc_write_line(json_t *doc, ss_write_fn write, void *ctx)
{
    bool good = dumped(doc, DOC_FLAGS, write, ctx);
    json_decref(doc);
    return good && write(ctx, "\n", 1);
}

/*
 * Where Jansson's parser has no memory for the next byte of a text, it leaves the byte out and goes on. So it
 * gets its memory in a way that does not fail; not longer, since the library, which has outputs to remove, uses
 * Jansson too.
 */
static json_t *parsed(const struct cli_gathered *text)
{
    json_set_alloc_funcs(cli_must_alloc, free);
    json_t *doc = json_loadb(text->bytes, text->len, 0, NULL);
    json_set_alloc_funcs(malloc, free);
    return doc;
}

json_t *cli_doc_skip(const struct ss_skip *skip)
{
    struct cli_gathered text = {0};
    json_t *doc = NULL;
    if (ss_skip_json(skip, to_text, &text)) {
        doc = parsed(&text);
    }
    free(text.bytes);
    return must(doc);
}

bool cli_doc_print(struct cli_out *out, json_t *doc)
{
    return print_with(out, doc, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
}

bool cli_doc_print_line(struct cli_out *out, json_t *doc)
{
    return print_with(out, doc, DOC_FLAGS);
}

/* The members of an object without its braces, as text to be freed. */
static char *members(json_t *doc)
{
    struct cli_gathered text = {0};
    dumped(doc, DOC_FLAGS, to_text, &text);
    json_decref(doc);
    memmove(text.bytes, text.bytes + 1, text.len - 2);
    text.bytes[text.len - 2] = '\0';
    return text.bytes;
}

bool cli_list_begin(struct cli_json_list *list, struct cli_out *out, json_t *head, const char *name)
{
    list->out = out;
    list->count = 0;
    char *text = members(head);
    bool good = cli_out_format(out, "{%s%s\"%s\":[", text, text[0] == '\0' ? "" : ",", name);
    free(text);
    return good;
}

bool cli_list_next(struct cli_json_list *list, const char *name)
{
    bool good = cli_out_format(list->out, "%s],\"%s\":[", list->count == 0 ? "" : "\n", name);
    list->count = 0;
    return good;
}

bool cli_list_add(struct cli_json_list *list, json_t *element)
{
    bool good = cli_out_text(list->out, list->count == 0 ? "\n" : ",\n") &&
                dumped(element, DOC_FLAGS, cli_out_write, list->out);
    json_decref(element);
    list->count++;
    return good;
}

bool cli_list_end(struct cli_json_list *list, json_t *tail)
{
    char *text = members(tail);
    bool good = cli_out_format(list->out, "%s]%s%s}\n", list->count == 0 ? "" : "\n",
                               text[0] == '\0' ? "" : ",", text);
    free(text);
    return good;
}

void cli_doc_record(json_t *doc, const struct ss_record *rec)
{
    cli_doc_int(doc, "create_revision", rec->create_revision);
    cli_doc_int(doc, "mod_revision", rec->mod_revision);
    cli_doc_int(doc, "version", rec->version);
    cli_doc_id(doc, "lease", (uint64_t)rec->lease);
}

json_t *cli_doc_revision(struct ss_revision rev)
{
    json_t *doc = cli_doc_new();
    cli_doc_int(doc, "mod_revision", rev.main);
    cli_doc_int(doc, "sub", rev.sub);
    return doc;
}
