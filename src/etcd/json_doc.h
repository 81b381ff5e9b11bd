/*
 * json_doc.h - the JSON objects that etcd keeps: members, confState, downgrade; read as Go reads them.
 *
 *   {"id":15962113622834759772,"peerURLs":["http://127.0.0.1:2380"],"name":"m0"}
 *
 * etcd reads them by Go's encoding/json into structs, and what that takes, it starts on:
 *
 *   names      exactly, else in any letter case, U+212A for k and U+017F for s included
 *   twice      each is taken in turn: the last one wins
 *   null       leaves a number, text or boolean as it was, and empties a list
 *   numbers    of an id: decimal digits that 64 bits hold, nothing else
 *   text       may hold NUL; a lone surrogate and each byte that is no UTF-8 become U+FFFD
 *   nesting    10,000 levels; the rest of the grammar is RFC 8259's, the whole text one value
 *   unknown    fields of other names are passed over, whatever they hold
 *
 * One quirk goes with "twice": a null in a second list leaves what the first list had at that place.
 *
 * Guarantees: at most SS_JSON_LEN_MAX bytes are read, and 6 x as many allocated for what is asked for.
 */
#ifndef SS_ETCD_JSON_DOC_H
#define SS_ETCD_JSON_DOC_H

#include "util/error.h"
#include "util/span.h"

#define SS_JSON_LEN_MAX (1u << 20)

/* Text on the heap: UTF-8 with a NUL behind it, which `len` does not count; NUL may stand in it too. */
struct ss_json_text {
    char *ptr; /* NULL: none was there */
    size_t len;
};

/* Lists. Of the `kept` items the first `count` are the list; behind them stands what it had before. */
struct ss_json_texts {
    struct ss_json_text *items;
    size_t count, kept, cap;
};
struct ss_json_u64s {
    uint64_t *items;
    size_t count, kept, cap;
};

enum ss_json_type {
    SS_JSON_BOOL,  /* bool */
    SS_JSON_U64,   /* uint64_t */
    SS_JSON_TEXT,  /* struct ss_json_text */
    SS_JSON_TEXTS, /* struct ss_json_texts */
    SS_JSON_U64S   /* struct ss_json_u64s */
};

/* A field of the object, and where its value goes: what is there already stays unless it is set. */
struct ss_json_field {
    const char *name; /* ASCII */
    enum ss_json_type type;
    void *to;
};

/*
 * Reads an object; `what` names it in messages. With `null_is_empty` the text may be a null, as where
 * etcd reads into a struct and not into a pointer. The fields' heap is the caller's, also on failure.
 * Errors: FIELD, at the text's start; NOMEM.
 */
enum ss_status ss_json_decode(struct ss_span text, const char *what, uint64_t pgid,
                              bool null_is_empty, const struct ss_json_field *fields, size_t count,
                              struct ss_error *err);

void ss_json_texts_fini(struct ss_json_texts *list);

#endif
