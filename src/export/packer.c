/*
 * packer.c - see packer.h.
 */
#include "export/packer.h"

#include "util/error.h"

#include <errno.h>

static enum ss_status failure(const struct ss_packer *p, struct ss_error *err)
{
    const char *text = p->archive != NULL ? archive_error_string(p->archive) : NULL;

    if (p->failed) {
        return ss_system(err, SS_E_OUTPUT, p->sys, "output cannot be written");
    }
    if (text == NULL ||
        archive_errno(p->archive) == ENOMEM) { /* the text has to be allocated, too */
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (the output cannot be packed)");
    }
    return ss_system(err, SS_E_OUTPUT, 0, "the output cannot be packed: %s", text);
}

bool ss_packing_set(struct archive *archive, enum ss_dump_packing packing, bool *torn)
{
    if (packing == SS_DUMP_UNPACKED) {
        return true;
    }
    if (archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK) {
        return false;
    }
    if (packing == SS_DUMP_ZSTD) {
        *torn = archive_write_add_filter_zstd(archive) != ARCHIVE_OK;
        return !*torn;
    }
    return archive_write_add_filter_gzip(archive) == ARCHIVE_OK &&
           archive_write_set_filter_option(archive, "gzip", "timestamp", NULL) == ARCHIVE_OK;
}

/* A failure stays in the packer and is not libarchive's: an archive that has failed cannot be closed. */
static la_ssize_t write_block(struct archive *archive, void *ctx, const void *bytes, size_t len)
{
    struct ss_packer *p = ctx;

    (void)archive;
    if (p->given_up || p->failed) {
        return (la_ssize_t)len;
    }
    errno = 0;
    if (p->write(p->write_ctx, bytes, len)) {
        p->out_len += len;
    } else {
        p->failed = true;
        p->sys = errno;
    }
    return (la_ssize_t)len;
}

enum ss_status ss_packer_begin(struct ss_packer *p, enum ss_dump_packing packing, ss_write_fn write,
                               void *write_ctx, struct ss_error *err)
{
    *p = (struct ss_packer){.write = write, .write_ctx = write_ctx};
    p->archive = archive_write_new();
    p->entry = archive_entry_new();
    if (p->archive == NULL || p->entry == NULL) {
        return ss_nomem(err, sizeof(*p));
    }
    archive_entry_set_pathname(p->entry, "dump");
    archive_entry_set_filetype(p->entry, AE_IFREG);
    if (archive_write_set_format_raw(p->archive) != ARCHIVE_OK ||
        !ss_packing_set(p->archive, packing, &p->torn) ||
        archive_write_open(p->archive, p, NULL, write_block, NULL) != ARCHIVE_OK ||
        archive_write_header(p->archive, p->entry) != ARCHIVE_OK) {
        return failure(p, err);
    }
    return SS_OK;
}

bool ss_packer_write(void *packer, const void *bytes, size_t len)
{
    struct ss_packer *p = packer;
    bool whole = archive_write_data(p->archive, bytes, len) == (la_ssize_t)len;

    errno = p->failed ? p->sys : whole ? 0 : ENOMEM;
    return whole && !p->failed;
}

enum ss_status ss_packer_end(struct ss_packer *p, enum ss_status status, struct ss_error *err)
{
    if (p->archive == NULL) {
        archive_entry_free(p->entry);
        return status;
    }
    p->given_up = status != SS_OK;
    if (!p->torn && archive_write_close(p->archive) != ARCHIVE_OK && status == SS_OK) {
        status = failure(p, err);
    }
    if (p->failed && status == SS_OK) {
        status = failure(p, err);
    }
    if (!p->torn) {
        archive_write_free(p->archive);
    }
    archive_entry_free(p->entry);
    return status;
}
