/*
 * copy.h - a producer that gives a whole file, bucket by bucket, to the writer.
 */
#ifndef SS_WRITER_COPY_H
#define SS_WRITER_COPY_H

#include "parser/cursor.h"
#include "writer/writer.h"

/*
 * Gives every element of a bucket's tree, nested buckets and their sequences included, to the bucket
 * that is open in the writer. Strict: the first fault of the source ends it. `entered` counts the pages of
 * all calls for one output, from 0: trees that share pages are a fault, else a few of them could stand
 * for any amount of output.
 */
enum ss_status ss_copy_tree(const struct ss_file *file, const struct ss_tree *tree,
                            const char *path, uint64_t *entered, struct ss_writer *w,
                            struct ss_error *err);

#endif
