/*
 * Packed input: gzip, zstd, xz, bzip2, lz4, tar, zip, or anything else, by way of the source layer.
 *
 *   byte 0: bit 0: hash while spooling, bit 1: a member is named      the bytes of the input file
 *
 * The bytes lie in a memory file, and what is unpacked goes to an unnamed file in memory. Whatever they
 * are: at most LIMIT bytes come out, or the call fails and says LIMIT; damage is ARCHIVE or MEMBER; a
 * second opening gives the same bytes; a digest made on the way is that of the bytes.
 * Memory: what libarchive's decoders allocate, at most 1 GiB for an xz stream that asks for it; ours is in MiB.
 */
#include "probe.h"

#include <openssl/sha.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INPUT_MAX (UINT32_C(1) << 18)
#define LIMIT (UINT32_C(1) << 20)
#define MEMBER "a.db"
#define TMP_DIR "/dev/shm"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
    enum ss_status status;
    struct ss_error err;
    struct ss_file *file;
};

static void open_input(const char *path, uint8_t flags, struct answer *out)
{
    struct ss_open_opts opts = {.unpacked_limit = LIMIT,
                                .tmp_dir = access(TMP_DIR, W_OK) == 0 ? TMP_DIR : NULL,
                                .hash_stream = (flags & 1) != 0,
                                .member = (flags & 2) != 0 ? MEMBER : NULL};

    out->status = ss_open(path, &opts, NULL, &out->file, &out->err);
}

static void check_failure(const struct answer *a, size_t len)
{
    enum ss_code code = a->err.code;

    PROBE(a->file == NULL);
    PROBE(code == SS_E_ARCHIVE || code == SS_E_MEMBER || code == SS_E_LIMIT || code == SS_E_NOMEM);
    PROBE((a->status == SS_CORRUPT) == (code == SS_E_ARCHIVE || code == SS_E_MEMBER));
    probe_error(&a->err, code == SS_E_LIMIT ? LIMIT : len);
}

static void check_hash(const struct ss_file *file)
{
    struct ss_hash_report report;
    struct ss_error err;
    uint8_t digest[SHA256_DIGEST_LENGTH];

    PROBE(ss_hash_check(file, NULL, &report, &err) == SS_OK);
    if (!report.computed) {
        return;
    }
    SHA256(ss_file_bytes(file, 0, report.covered_len).ptr, (size_t)report.covered_len, digest);
    PROBE(memcmp(digest, report.expected, sizeof(digest)) == 0);
}

static void check_file(const struct ss_file *file, const uint8_t *data, size_t len)
{
    struct ss_file_facts facts;
    struct ss_error err;
    struct ss_span all = ss_file_bytes(file, 0, SS_NONE);

    ss_file_facts(file, &facts);
    PROBE(all.len == facts.len);
    PROBE(facts.spooled == (strcmp(facts.packing, "none") != 0));
    PROBE(facts.packed_len == len);
    if (facts.spooled) {
        PROBE(facts.len <= LIMIT);
    } else {
        PROBE(facts.len == len && (len == 0 || memcmp(all.ptr, data, len) == 0));
    }
    PROBE((facts.member != NULL) ==
          (strncmp(facts.packing, "tar", 3) == 0 || strncmp(facts.packing, "zip", 3) == 0));
    if (ss_file_readable(file, &err) != SS_OK) {
        probe_error(&err, (size_t)facts.len);
    }
    PROBE(ss_file_unchanged(file, &err) == SS_OK);
    check_hash(file);
}

static void same_answer(const struct answer *a, const struct answer *b)
{
    PROBE(a->status == b->status && a->err.code == b->err.code);
    if (a->status == SS_OK) {
        struct ss_span x = ss_file_bytes(a->file, 0, SS_NONE);
        struct ss_span y = ss_file_bytes(b->file, 0, SS_NONE);

        PROBE(x.len == y.len && (x.len == 0 || memcmp(x.ptr, y.ptr, (size_t)x.len) == 0));
    } else {
        PROBE(strcmp(a->err.message, b->err.message) == 0);
    }
}

static void check(const char *path, uint8_t flags, const uint8_t *data, size_t len)
{
    struct answer first, again;

    open_input(path, flags, &first);
    if (first.status == SS_OK) {
        check_file(first.file, data, len);
    } else {
        check_failure(&first, len);
    }
    open_input(path, flags ^ 1, &again);
    same_answer(&first, &again);
    ss_close(first.file);
    ss_close(again.file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    int fd;

    if (size < 1 || size > INPUT_MAX) {
        return 0;
    }
    fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (write(fd, data + 1, size - 1) == (ssize_t)(size - 1)) {
        check(path, data[0], data + 1, size - 1);
    }
    close(fd);
    return 0;
}
