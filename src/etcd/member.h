/*
 * member.h - a member of the cluster. [F11]
 *
 *   members          key  "dd84d1c4e17d485c"   value  {"id":15962113622834759772,"peerURLs":[…],…}
 *   members_removed  key  "b823d32970ed8720"   value  "removed", which nobody reads
 *
 * The key is the id in hexadecimal, read as etcd reads it: either case, any number of leading zeroes,
 * no sign, no prefix. The value is read as json_doc.h says.
 */
#ifndef SS_ETCD_MEMBER_H
#define SS_ETCD_MEMBER_H

#include "etcd/json_doc.h"

/* Errors: FIELD, at the first byte that is wrong. */
enum ss_status ss_member_id_decode(struct ss_span key, uint64_t pgid, uint64_t *id,
                                   struct ss_error *err);

/* A decoded member and what its strings live in. */
struct ss_member_doc {
    struct ss_member member;
    struct ss_json_text name;
    struct ss_json_texts peers, clients;
    struct ss_span *urls;
};

/*
 * Decodes an element of `members`; on success the caller ends it with ss_member_doc_fini.
 * Errors: FIELD, at the key's wrong byte or at the value; NOMEM.
 */
enum ss_status ss_member_decode(const struct ss_entry *entry, struct ss_member_doc *out,
                                struct ss_error *err);
void ss_member_doc_fini(struct ss_member_doc *doc);

#endif
