/*
 * answers_parts.h - what the files of answers.h share. A struct is printed field by field; of keys and values
 * the length, the place and a sum.
 */
#ifndef SS_TEST_ANSWERS_PARTS_H
#define SS_TEST_ANSWERS_PARTS_H

#include "answers.h"

/* "= status", and of a failure its code and text. */
void ss_tell_end(FILE *out, enum ss_status status, const struct ss_error *err);
void ss_tell_span(FILE *out, const char *name, struct ss_span span);
void ss_tell_bytes(FILE *out, const uint8_t *bytes, size_t len);
void ss_tell_head(FILE *out, const struct ss_page_head *head);
void ss_tell_record(FILE *out, const struct ss_record *r);
void ss_tell_rev_facts(FILE *out, const struct ss_rev_facts *f);

/* The call that a question allows. */
static inline struct ss_call ss_answer_call(const struct ss_test_question *q)
{
    return (struct ss_call){.threads = q->threads};
}

/* An ss_fault_fn whose ctx is the FILE. */
void ss_tell_fault(void *ctx, const struct ss_error *fault);

void ss_answer_status(FILE *out, const struct ss_test_question *q);
void ss_answer_key_figures(FILE *out, const struct ss_test_question *q);
void ss_answer_hashkv(FILE *out, const struct ss_test_question *q);
void ss_answer_beside(FILE *out, const struct ss_test_question *q);
void ss_answer_meta(FILE *out, const struct ss_test_question *q);
void ss_answer_boot(FILE *out, const struct ss_test_question *q);
void ss_answer_summary(FILE *out, const struct ss_test_question *q);
void ss_answer_hash_check(FILE *out, const struct ss_test_question *q);
void ss_answer_hash_beside(FILE *out, const struct ss_test_question *q);
void ss_answer_catalogue(FILE *out, const struct ss_test_question *q);
void ss_answer_verify(FILE *out, const struct ss_test_question *q);
void ss_answer_text_mode(FILE *out, const struct ss_test_question *q);
void ss_answer_other_tree(FILE *out, const struct ss_test_question *q);
void ss_answer_intake(FILE *out, const struct ss_test_question *q);
void ss_answer_diff(FILE *out, const struct ss_test_question *q);
void ss_answer_lineage(FILE *out, const struct ss_test_question *q);
void ss_answer_dump(FILE *out, const struct ss_test_question *q);
void ss_answer_convert(FILE *out, const struct ss_test_question *q);
void ss_answer_salvage(FILE *out, const struct ss_test_question *q);
void ss_answer_restore(FILE *out, const struct ss_test_question *q);
void ss_answer_convert_checked(FILE *out, const struct ss_test_question *q);
void ss_answer_restore_checked(FILE *out, const struct ss_test_question *q);
void ss_answer_rows(FILE *out, const struct ss_test_question *q);
void ss_answer_output(FILE *out, const struct ss_test_question *q);

#endif
