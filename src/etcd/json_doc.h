/*
 * json_doc.h - the JSON objects that etcd keeps: members, confState, downgrade.
 *
 *   {"id":15962113622834759772,"peerURLs":["http://127.0.0.1:2380"],"name":"m0"}
 *         └─ ids are unsigned 64-bit: above 2^63 no integer of Jansson's holds them
 *
 * Numbers are therefore rewritten before Jansson reads them, outside of strings and by their own
 * grammar: one that fits in 64 bits unsigned becomes the signed number of the same bits, and any
 * other number, which etcd would not take for an id, becomes a fraction. Nothing is lost: no field
 * that etcd reads holds a negative number or a fraction.
 *
 * Guarantees: at most SS_JSON_LEN_MAX bytes are read and 2 x as many allocated; a text with NUL, bad
 * UTF-8 or anything behind the object is refused, as etcd never writes one.
 */
#ifndef SS_ETCD_JSON_DOC_H
#define SS_ETCD_JSON_DOC_H

#include "util/error.h"
#include "util/span.h"

#include <jansson.h>

#define SS_JSON_LEN_MAX (1u << 20)

/*
 * Parses an object; `what` names it in messages. *out is the caller's to json_decref.
 * Errors: FIELD, at the text's start; NOMEM.
 */
enum ss_status ss_json_doc_load(struct ss_span text, const char *what, uint64_t pgid, json_t **out,
                                struct ss_error *err);

/* The number of a value out of ss_json_doc_load; false when it is none that fits. */
bool ss_json_doc_u64(const json_t *value, uint64_t *out);

/*
 * A field by its name, of the type due; *out NULL when it is not there or null, which etcd passes
 * over. Errors: FIELD, at `off`: another type.
 */
enum ss_status ss_json_doc_field(const json_t *object, const char *name, json_type due,
                                 uint64_t off, uint64_t pgid, const json_t **out,
                                 struct ss_error *err);

/* The same for a true or a false, *out untouched when it is not there. */
enum ss_status ss_json_doc_bool(const json_t *object, const char *name, uint64_t off, uint64_t pgid,
                                bool *out, struct ss_error *err);

#endif
