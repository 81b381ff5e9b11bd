/*
 * probe.h - what every fuzz target holds true, whatever the input: a broken property aborts, so that
 * a fuzzer, or the replay under CTest, sees a crash.
 */
#ifndef SS_FUZZ_PROBE_H
#define SS_FUZZ_PROBE_H

#include "snapscope.h"

#include "util/endian.h"

#include <stdio.h>
#include <stdlib.h>

#define PROBE(property)                                                                     \
    do {                                                                                    \
        if (!(property)) {                                                                  \
            fprintf(stderr, "%s:%d: broken property: %s\n", __FILE__, __LINE__, #property); \
            abort();                                                                        \
        }                                                                                   \
    } while (0)

/* A span of the input lies inside it, where its offset says. */
static inline void probe_span(struct ss_span span, const uint8_t *bytes, size_t len)
{
    PROBE(span.len <= len);
    if (span.len == 0)
        return;
    PROBE(span.off <= len - span.len);
    PROBE(span.ptr == bytes + span.off);
}

/* An error that was reported has a code, a sentence, and a place inside the input or none. */
static inline void probe_error(const struct ss_error *err, size_t len)
{
    char text[1024];

    PROBE(err->code != SS_E_NONE && err->code < SS_E_COUNT);
    PROBE(err->message[0] != '\0');
    PROBE(err->off == SS_NONE || err->off <= len);
    PROBE(ss_error_text(err, text, sizeof(text))[0] != '\0');
}

/* Recomputes the checksum of what may be a meta page, so that mutations get past it. */
static inline void probe_seal(uint8_t *bytes, size_t len, size_t off)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i;

    if (len < 80 || off > len - 80)
        return;
    for (i = 0; i < 56; i++)
        hash = (hash ^ bytes[off + 16 + i]) * UINT64_C(0x100000001b3);
    ss_store_u64(bytes + off + 72, hash, ss_load_u32(bytes + off + 16, true) == 0xED0CDAED);
}

/* Both metas, wherever the first one's page size puts the second. */
static inline void probe_seal_metas(uint8_t *bytes, size_t len)
{
    size_t size;

    probe_seal(bytes, len, 0);
    if (len < 80)
        return;
    size = ss_load_u32(bytes + 24, ss_load_u32(bytes + 16, true) == 0xED0CDAED);
    if (size >= 1024 && size <= 65536)
        probe_seal(bytes, len, size);
}

#endif
