/*
 * metatext.h - a meta page in words and in JSON, for `info` and `page`.
 */
#ifndef SS_CLI_METATEXT_H
#define SS_CLI_METATEXT_H

#include "doc.h"

/* Every field on a line of its own. */
void ss_meta_print(struct ss_out *out, const struct ss_meta *meta);

json_t *ss_meta_doc(const struct ss_meta *meta);

#endif
