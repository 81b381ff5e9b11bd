/*
 * threads.h - how many threads a piece of work may use, and how to wait for one.
 */
#ifndef SS_UTIL_THREADS_H
#define SS_UTIL_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/* The number that was asked for, at most max; 0: one for each processor that this process may use. */
unsigned ss_threads(unsigned asked, unsigned max);

/*
 * Sleeps until *is_done, which the lock guards and `changed` announces, but no longer than the caller's
 * progress should stay silent. Returns *is_done.
 */
bool ss_wait_a_little(pthread_mutex_t *lock, pthread_cond_t *changed, const bool *is_done);

#endif
