/*
 * alike.h - what two records of one key have different, and which keys a comparison can forget.
 */
#ifndef SS_DIFF_ALIKE_H
#define SS_DIFF_ALIKE_H

#include "etcd/live.h"

/* SS_DIFFERS_*, as far as the options ask. */
unsigned ss_differences(const struct ss_diff_opts *opts, const struct ss_record *a,
                        const struct ss_record *b);

/* Two files' live keys, read with one seed, in `from` to `to` of each. */
struct ss_alike_job {
    const struct ss_diff_opts *opts;
    struct ss_live *a, *b;
    uint64_t from_a, to_a, from_b, to_b;
    const struct ss_call *call; /* NULL: another job reports for both */
    uint64_t kept_a, kept_b;    /* slots that stay, moved to the front of the part */
    uint64_t same;              /* keys that both have alike: in neither part any more */
    bool cancelled;
};

/*
 * Takes out of both parts the keys that are alike. What it leaves may hold more of them: a word that
 * different keys share is looked at once. Depends on the two parts alone.
 */
void ss_alike_run(struct ss_alike_job *job);

/* Divides the work among `count` jobs, count >= 1, so that equal words come to one job. */
void ss_alike_split(struct ss_alike_job *jobs, unsigned count);

/* Closes the gaps between the parts, whose jobs are done, and cuts both sides to what stays. */
uint64_t ss_alike_join(struct ss_alike_job *jobs, unsigned count);

#endif
