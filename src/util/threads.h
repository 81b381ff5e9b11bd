/*
 * threads.h - how many threads a piece of work may use.
 */
#ifndef SS_UTIL_THREADS_H
#define SS_UTIL_THREADS_H

/* The number that was asked for, at most max; 0: one for each processor that this process may use. */
unsigned ss_threads(unsigned asked, unsigned max);

#endif
