/*
 * doc.h - JSON documents of the commands: bounded ones by Jansson, and lists without a bound that are
 * printed element by element as one valid document.
 *
 *     {"file":"a.db","pages":[         cli_list_begin with the head {"file":"a.db"}
 *     {"page":0,...},                  cli_list_add
 *     {"page":1,...}
 *     ],"count":2}                     cli_list_end with the tail {"count":2}
 *
 * Bytes of the input go in losslessly: NAME when they are clean UTF-8 text, else NAME_base64. Numbers
 * beyond 2^63 - 1, which only damaged files have, go in as a string of decimal digits.
 */
#ifndef CLI_DOC_H
#define CLI_DOC_H

#include <jansson.h>
#include <snapscope.h>

#include "out.h"

/* A new object; never NULL (the process ends with exit code 4 when memory is out). */
json_t *cli_doc_new(void);
json_t *cli_doc_list(void);

/* Members of an object. Text that is not clean UTF-8, such as a file name, goes in escaped. */
void cli_doc_text(json_t *doc, const char *name, const char *text);
void cli_doc_bytes(json_t *doc, const char *name, const void *bytes, uint64_t len);
void cli_doc_number(json_t *doc, const char *name, uint64_t value);
void cli_doc_int(json_t *doc, const char *name, int64_t value);
void cli_doc_bool(json_t *doc, const char *name, bool value);
void cli_doc_null(json_t *doc, const char *name);

/* 0x and at least `digits` hex digits, as a string: for magics and checksums. */
void cli_doc_hex(json_t *doc, const char *name, uint64_t value, int digits);

/* The id of a member, lease or cluster: 16 hex digits, as a string. */
void cli_doc_id(json_t *doc, const char *name, uint64_t id);

/* Both take over `value`. */
void cli_doc_set(json_t *doc, const char *name, json_t *value);
void cli_doc_append(json_t *list, json_t *value);

/* {"code":…,"message":…,"have":…,"expect":…,"offset":…,"page":…,"bucket":…,"errno":…}, as far as it applies. */
json_t *cli_doc_error(const struct ss_error *err);

/* Sets "error" to that, with the name of the file at fault as "file" and, inside an archive, "member". */
void cli_doc_failure(json_t *doc, const struct ss_error *err, const char *name,
                     const struct ss_file *file);

/* What a command that keeps going passed over, as ss_skip_json has it. */
json_t *cli_doc_skip(const struct ss_skip *skip);

/* {"mod_revision":47,"sub":0}: a revision in any document. */
json_t *cli_doc_revision(struct ss_revision rev);

/* Puts the revisions, the version and the lease of a record into a document. */
void cli_doc_record(json_t *doc, const struct ss_record *rec);

/* Prints the document indented, with a line feed, and frees it. */
bool cli_doc_print(struct cli_out *out, json_t *doc);

/* The same as one line. */
bool cli_doc_print_line(struct cli_out *out, json_t *doc);

/* The same to whatever `write` writes to. Takes the document over. */
bool cli_doc_write_line(json_t *doc, ss_write_fn write, void *ctx);

/* A list in the making; the caller's own, zeroed. */
struct cli_json_list {
    struct cli_out *out;
    uint64_t count;
};

/* `head` and `tail` are objects, taken over; what they hold stands before and behind the list. */
bool cli_list_begin(struct cli_json_list *list, struct cli_out *out, json_t *head,
                    const char *name);
bool cli_list_add(struct cli_json_list *list, json_t *element);
bool cli_list_next(struct cli_json_list *list, const char *name); /* ends it and begins another */
bool cli_list_end(struct cli_json_list *list, json_t *tail);

#endif
