/*
 * meta_page.h - a meta page in words and in JSON, for `info` and `page`.
 */
#ifndef CLI_META_PAGE_H
#define CLI_META_PAGE_H

#include "doc.h"

/* Every field on a line of its own. */
void cli_meta_print(struct cli_out *out, const struct ss_meta *meta);

json_t *cli_meta_doc(const struct ss_meta *meta);

#endif
