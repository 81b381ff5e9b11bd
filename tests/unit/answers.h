/*
 * answers.h - what every public function that reads a file says of it, as text: two runs can be compared,
 * whatever threads did the work and whatever else ran beside it.
 */
#ifndef SS_TEST_ANSWERS_H
#define SS_TEST_ANSWERS_H

#include "snapscope.h"

#include <stdio.h>

/* What is asked about. Functions that compare two files take both. */
struct ss_test_question {
    const struct ss_file *file, *other;
    unsigned threads;    /* of every call */
    const char *scratch; /* for functions that write: a name in the current folder, in no use yet */
};

struct ss_test_answer {
    const char *name;
    void (*tell)(FILE *out, const struct ss_test_question *q);
};

extern const struct ss_test_answer ss_test_answers[];
extern const size_t ss_test_answer_count;

/* The text of one answer, to free. */
char *ss_test_ask(const struct ss_test_answer *answer, const struct ss_test_question *q);

#endif
