/*
 * threads.c - see threads.h.
 */
#include "util/threads.h"

#include <sched.h>

unsigned ss_threads(unsigned asked, unsigned max)
{
    cpu_set_t set;

    if (asked == 0)
        asked = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    return asked < max ? asked : max;
}
