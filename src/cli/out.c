/*
 * out.c - standard output through a buffer, with the first failure kept until the end.
 *
 * Not through stdio's: that takes a write which a signal broke off for a failed one, and cannot wait for
 * a descriptor that somebody has left non-blocking.
 */
#include "out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abandon.h"
#include "text.h"

static bool colour_wanted(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

void ss_out_init(struct ss_out *out, bool no_color)
{
    *out = (struct ss_out){.terminal = isatty(STDOUT_FILENO) == 1};
    out->colour = out->terminal && !no_color && colour_wanted();
}

static bool fail(struct ss_out *out)
{
    if (out->failed == 0) {
        out->failed = errno != 0 ? errno : EIO;
    }
    errno = out->failed;
    return false;
}

static bool wait_writable(void)
{
    struct pollfd wanted = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&wanted, 1, -1) > 0 || (errno == EINTR && ss_abandon_signal() == 0);
}

/* Bytes of the input may lie on a page that cannot be read: loading them is what the library takes note of. */
static ssize_t write_some(struct ss_out *out, const char *bytes, size_t len)
{
    ssize_t n = write(STDOUT_FILENO, bytes, len);
    if (n >= 0 || errno != EFAULT || bytes == out->buffer) {
        return n;
    }
    if (len > sizeof out->buffer) {
        len = sizeof out->buffer;
    }
    memcpy(out->buffer, bytes, len);
    return write(STDOUT_FILENO, out->buffer, len);
}

/* Anything but the buffer itself only while that is empty. */
static bool write_through(struct ss_out *out, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write_some(out, bytes, len);
        if (n < 0 && errno == EINTR && ss_abandon_signal() == 0) {
            continue;
        }
        if (n < 0 && errno == EAGAIN && wait_writable()) {
            continue;
        }
        if (n < 0) {
            return fail(out);
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

bool ss_out_flush(struct ss_out *out)
{
    size_t used = out->used;
    out->used = 0;
    return out->failed != 0 ? fail(out) : write_through(out, out->buffer, used);
}

bool ss_out_write(void *ctx, const void *bytes, size_t len)
{
    struct ss_out *out = ctx;
    if (out->failed != 0) {
        return fail(out);
    }
    if (len == 0) {
        return true;
    }
    if (len > sizeof out->buffer - out->used && !ss_out_flush(out)) {
        return false;
    }
    if (len > sizeof out->buffer) {
        if (!write_through(out, bytes, len)) {
            return false;
        }
    } else {
        memcpy(out->buffer + out->used, bytes, len);
        out->used += len;
    }
    out->len += len;
    out->last = ((const char *)bytes)[len - 1];
    return !out->terminal || out->last != '\n' || ss_out_flush(out);
}

bool ss_out_text(struct ss_out *out, const char *text)
{
    return ss_out_write(out, text, strlen(text));
}

bool ss_out_format(struct ss_out *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0) {
        return fail(out);
    }
    if ((size_t)len < sizeof text) {
        return ss_out_write(out, text, (size_t)len);
    }
    char *all = ss_must_alloc((size_t)len + 1);
    va_start(args, format);
    vsnprintf(all, (size_t)len + 1, format, args);
    va_end(args);
    bool good = ss_out_write(out, all, (size_t)len);
    free(all);
    return good;
}

int ss_out_finish(struct ss_out *out)
{
    ss_out_flush(out);
    errno = 0;
    if (fclose(stdout) != 0) { /* help texts go there */
        fail(out);
    }
    return out->failed;
}
