/*
 * cpu.h - what the processor has, beyond what every one of its kind has. Asked at run time: a program built
 * for all of them runs on the one at hand. Where a compiler cannot build the code that would use it, the
 * answer is false, and there is a portable way.
 */
#ifndef SS_UTIL_CPU_H
#define SS_UTIL_CPU_H

#include <stdbool.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#define SS_CPU_X86 1
#endif

/* AVX2, which vectors of 32 bytes need. */
static inline bool ss_cpu_has_avx2(void)
{
#ifdef SS_CPU_X86
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

/* The SHA-256 instructions, with the SSE that goes with them. Neither gcc 12 nor clang 14 knows their name. */
static inline bool ss_cpu_has_sha(void)
{
#ifdef SS_CPU_X86
    const unsigned sse = bit_SSSE3 | bit_SSE4_1, sha = 1u << 29;
    unsigned eax, ebx, ecx, edx;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & sse) != sse) {
        return false;
    }
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & sha) != 0;
#else
    return false;
#endif
}

#endif
