/*
 * threads.c - see threads.h.
 */
#include "util/threads.h"

#include <sched.h>
#include <time.h>

#define WAIT_NS 100000000L

unsigned ss_threads(unsigned asked, unsigned max)
{
    cpu_set_t set;

    if (asked == 0)
        asked = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    return asked < max ? asked : max;
}

bool ss_wait_a_little(pthread_mutex_t *lock, pthread_cond_t *changed, const bool *is_done)
{
    struct timespec until;
    bool done;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(lock);
    if (!*is_done)
        pthread_cond_timedwait(changed, lock, &until);
    done = *is_done;
    pthread_mutex_unlock(lock);
    return done;
}
