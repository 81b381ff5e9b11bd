/*
 * probe.h - what every fuzz target holds true, whatever the input: a broken property aborts, so that
 * a fuzzer, or the replay under CTest, sees a crash.
 */
#ifndef SS_FUZZ_PROBE_H
#define SS_FUZZ_PROBE_H

#include "snapscope.h"

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
    if (span.len == 0) {
        return;
    }
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

/* --------------------------------------------------------------------------- files and output --- */

/* The bytes as a file, which never fails; the caller closes it. */
/* Calls of the caller's thread alone, and of four. */
extern const struct ss_call probe_one, probe_four;

struct ss_file *probe_open(const void *bytes, size_t len);

/* What was written, in memory: an ss_write_fn over it refuses what passes `limit`. */
struct probe_sink {
    uint8_t *bytes;
    size_t len, cap;
    size_t limit;
};
bool probe_sink_write(void *sink, const void *bytes, size_t len);
void probe_sink_fini(struct probe_sink *sink);

/* An ss_write_fn that only counts, into a uint64_t. */
bool probe_count(void *count, const void *bytes, size_t len);

/* --------------------------------------------------------------------------------- properties --- */

/*
 * Verifies with one thread and with four, which must say the same to the byte; every place is inside
 * the file, and the verdict is that of the counts. The caller frees the report.
 */
struct ss_verify_report *probe_verify(const struct ss_file *file, size_t len);

/* Two reports say the same of the trailing hash. */
void probe_same_hash(const struct ss_hash_report *a, const struct ss_hash_report *b);

/* Errors other than the trailing hash's: those of structure and meaning. */
uint64_t probe_damage(const struct ss_verify_report *report);

/*
 * The structure of a file that the writer made. `damaged`: of one that verify finds damage in; what the
 * writer then copies as it is, a key in the root bucket that is no bucket, is an error still.
 */
void probe_written(const struct ss_file *file, bool damaged);

/* Two sound files hold the same: buckets, sequences, keys and values, in the same order. */
void probe_same_content(const struct ss_file *a, const struct ss_file *b);

/* ------------------------------------------------------------------------------------- memory --- */

/*
 * Between the two calls the heap may grow by no more than `bound` bytes above what it was. Seen under
 * AddressSanitizer only, and there by samples: at each allocation of 64 KiB or more, and at one in 1024.
 */
void probe_memory_begin(void);
void probe_memory_end(uint64_t bound);

#endif
