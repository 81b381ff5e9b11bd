/*
 * page_list.h - every whole page below high-water, in order of id, with what uses it and who owns it.
 *
 * The trees are walked when the list is made; then a page costs no more than a look at its header. Memory:
 * 5 bytes a page and a node a bucket. Without a usable meta each place is listed as ss_pages has it, by the
 * page gate alone, and takes no memory.
 */
#ifndef SS_PARSER_PAGE_LIST_H
#define SS_PARSER_PAGE_LIST_H

#include "parser/walk.h"

struct ss_page_list;

/*
 * A fault in one subtree never stops the rest: each is given to on_fault (may be NULL) and counted.
 * Errors: as ss_file_placed; NOMEM, IO, CANCELLED; then *out is NULL.
 */
enum ss_status ss_page_list_new(const struct ss_file *file, const struct ss_call *call,
                                ss_fault_fn on_fault, void *ctx, struct ss_page_list **out,
                                uint64_t *fault_count, struct ss_error *err);

/* The next page; false: that was the last. row->bucket is valid until the next call. */
bool ss_page_list_next(struct ss_page_list *list, struct ss_page_row *row);

/* NULL is fine. */
void ss_page_list_free(struct ss_page_list *list);

#endif
