/*
 * bulk.c - see bulk.h.
 */
#include "util/bulk.h"

#include "util/checked.h"
#include "util/prefetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITEBACK_LEN (UINT64_C(8) << 20)

struct ss_bulk {
    int fd;
    bool direct; /* O_DIRECT is set on fd */
    int sys;     /* errno of the first failure */
    uint64_t written;
    uint64_t begun; /* bytes whose writeback has begun */
    size_t used;
    uint8_t *buffer;
};

static bool set_direct(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

static void end_direct(struct ss_bulk *bulk)
{
    if (bulk->direct) {
        set_direct(bulk->fd, false);
    }
    bulk->direct = false;
}

/* Only a hint: a file system without it syncs all at the end. */
static void begin_writeback(struct ss_bulk *bulk)
{
    if (bulk->direct || bulk->written - bulk->begun < WRITEBACK_LEN) {
        return;
    }
    sync_file_range(bulk->fd, (off_t)bulk->begun, (off_t)(bulk->written - bulk->begun),
                    SYNC_FILE_RANGE_WRITE);
    bulk->begun = bulk->written;
}

/* A disk whose blocks are larger than SS_BULK_ALIGN says EINVAL, too: then through the cache. */
static bool write_out(struct ss_bulk *bulk, const uint8_t *bytes, size_t len)
{
    size_t done = 0;

    if (len % SS_BULK_ALIGN != 0) {
        end_direct(bulk);
    }
    while (done < len) {
        ssize_t n = write(bulk->fd, bytes + done, len - done);

        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && errno == EINVAL && bulk->direct) {
            end_direct(bulk);
        } else if (n == 0 || errno != EINTR) {
            bulk->sys = n == 0 ? ENOSPC : errno;
            return false;
        }
    }
    bulk->written += len;
    begin_writeback(bulk);
    return true;
}

struct ss_bulk *ss_bulk_new(int fd)
{
    struct ss_bulk *bulk = calloc(1, sizeof(*bulk));

    if (bulk == NULL) {
        return NULL;
    }
    bulk->fd = fd;
    bulk->buffer = aligned_alloc(SS_BULK_ALIGN, SS_BULK_LEN);
    if (bulk->buffer != NULL) {
        return bulk;
    }
    free(bulk);
    return NULL;
}

void ss_bulk_direct(struct ss_bulk *bulk)
{
    bulk->direct = set_direct(bulk->fd, true);
}

static bool is_whole(const struct ss_bulk *bulk, const uint8_t *bytes, size_t len)
{
    return bulk->used == 0 && len >= SS_BULK_LEN && (uintptr_t)bytes % SS_BULK_ALIGN == 0;
}

static bool write_all(struct ss_bulk *bulk, const uint8_t *bytes, size_t len)
{
    bool ok = true;

    while (len > 0 && ok) {
        size_t n = (size_t)ss_min_u64(len, SS_BULK_LEN - bulk->used);

        if (is_whole(bulk, bytes, len)) {
            n = len - len % SS_BULK_LEN;
            ss_prefetch_pages(bytes, n);
            ok = write_out(bulk, bytes, n);
        } else {
            memcpy(bulk->buffer + bulk->used, bytes, n);
            bulk->used += n;
        }
        if (bulk->used == SS_BULK_LEN) {
            bulk->used = 0;
            ok = write_out(bulk, bulk->buffer, SS_BULK_LEN);
        }
        bytes += n;
        len -= n;
    }
    return ok;
}

bool ss_bulk_write(struct ss_bulk *bulk, const void *bytes, size_t len)
{
    bool ok = bulk->sys == 0 && write_all(bulk, bytes, len);

    if (!ok) {
        errno = bulk->sys;
    }
    return ok;
}

bool ss_bulk_finish(struct ss_bulk *bulk)
{
    size_t used = bulk->used;
    bool ok = bulk->sys == 0;

    bulk->used = 0;
    ok = ok && (used == 0 || write_out(bulk, bulk->buffer, used));
    end_direct(bulk);
    if (!ok) {
        errno = bulk->sys;
    }
    return ok;
}

void ss_bulk_free(struct ss_bulk *bulk)
{
    if (bulk == NULL) {
        return;
    }
    free(bulk->buffer);
    free(bulk);
}
