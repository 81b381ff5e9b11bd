/*
 * out.c - standard output through a buffer, with the first failure kept until the end; and what a
 * terminal gets in place of characters that it would obey, or not show.
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
#include <sys/ioctl.h>
#include <unistd.h>

#include <snapscope.h>

#include "abandon.h"
#include "memory.h"

#define WIDTH_MIN 40 /* a terminal that says less knows nothing */

static bool colour_wanted(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

void cli_out_init(struct cli_out *out, bool no_color)
{
    *out = (struct cli_out){.terminal = isatty(STDOUT_FILENO) == 1};
    out->colour = out->terminal && !no_color && colour_wanted();
}

size_t cli_out_width(const struct cli_out *out)
{
    struct winsize size;
    if (!out->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_MIN) {
        return 0;
    }
    return size.ws_col;
}

static bool fail(struct cli_out *out)
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
    return poll(&wanted, 1, -1) > 0 || (errno == EINTR && cli_abandon_signal() == 0);
}

/* Bytes of the input may lie on a page that cannot be read: loading them is what the library takes note of. */
static ssize_t write_some(struct cli_out *out, const char *bytes, size_t len)
{
    ssize_t n = write(STDOUT_FILENO, bytes, len);
    if (n >= 0 || errno != EFAULT || bytes == out->buffer) {
        return n;
    }
    if (len > sizeof(out->buffer)) {
        len = sizeof(out->buffer);
    }
    memcpy(out->buffer, bytes, len);
    return write(STDOUT_FILENO, out->buffer, len);
}

/* Anything but the buffer itself only while that is empty. */
static bool write_through(struct cli_out *out, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write_some(out, bytes, len);
        if (n < 0 && errno == EINTR && cli_abandon_signal() == 0) {
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

bool cli_out_flush(struct cli_out *out)
{
    size_t used = out->used;
    out->used = 0;
    return out->failed != 0 ? fail(out) : write_through(out, out->buffer, used);
}

static bool put(struct cli_out *out, const void *bytes, size_t len)
{
    if (len > sizeof(out->buffer) - out->used && !cli_out_flush(out)) {
        return false;
    }
    if (len > sizeof(out->buffer)) {
        return write_through(out, bytes, len);
    }
    memcpy(out->buffer + out->used, bytes, len);
    out->used += len;
    return true;
}

static size_t sequence_len(unsigned char lead)
{
    return lead < 0xC2 || lead > 0xF4 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static uint32_t code_point(const unsigned char *bytes, size_t len)
{
    uint32_t code = len == 1 ? bytes[0] : bytes[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | (bytes[i] & 0x3Fu);
    }
    return code;
}

/* A sequence of UTF-8, or bytes that are none: as it is when it can be shown, else escaped. */
static bool put_sequence(struct cli_out *out, const unsigned char *bytes, size_t len)
{
    char text[20];
    if (!ss_text_is_clean(bytes, len)) {
        for (size_t i = 0; i < len; i++) {
            if (!put(out, text, (size_t)snprintf(text, sizeof(text), "\\x%02x", bytes[i]))) {
                return false;
            }
        }
        return true;
    }
    if (ss_text_escape(bytes, len, text, sizeof(text)) == len) {
        return put(out, bytes, len);
    }
    uint32_t code = code_point(bytes, len);
    int text_len = code > 0xFFFF ? snprintf(text, sizeof(text), "\\u%04X\\u%04X",
                                            0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF))
                                 : snprintf(text, sizeof(text), "\\u%04X", code);
    return put(out, text, (size_t)text_len);
}

/* Whatever is left of a sequence that never became whole. */
static bool end_part(struct cli_out *out)
{
    size_t len = out->part_len;
    out->part_len = 0;
    return len == 0 || put_sequence(out, out->part, len);
}

/* Bytes below DEL pass in runs, all others as sequences, which may be cut by the ends of writes. */
static bool put_on_terminal(struct cli_out *out, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t run = i;
        while (run < len && bytes[run] < 0x7F) {
            run++;
        }
        if (run > i) {
            if (!end_part(out) || !put(out, bytes + i, run - i)) {
                return false;
            }
            i = run;
            continue;
        }
        bool goes_on = (bytes[i] & 0xC0) == 0x80;
        if (out->part_len > 0 && !goes_on && !end_part(out)) {
            return false;
        }
        out->part[out->part_len++] = bytes[i++];
        if (out->part_len == sequence_len(out->part[0]) && !end_part(out)) {
            return false;
        }
    }
    return true;
}

bool cli_out_write(void *ctx, const void *bytes, size_t len)
{
    struct cli_out *out = ctx;
    if (out->failed != 0) {
        return fail(out);
    }
    if (len == 0) {
        return true;
    }
    bool filtered = out->terminal && !out->verbatim;
    if (filtered ? !put_on_terminal(out, bytes, len) : !put(out, bytes, len)) {
        return false;
    }
    out->len += len;
    out->last = ((const char *)bytes)[len - 1];
    return !out->terminal || out->last != '\n' || cli_out_flush(out);
}

bool cli_out_text(struct cli_out *out, const char *text)
{
    return cli_out_write(out, text, strlen(text));
}

bool cli_out_format(struct cli_out *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0) {
        return fail(out);
    }
    if ((size_t)len < sizeof(text)) {
        return cli_out_write(out, text, (size_t)len);
    }
    char *all = cli_must_alloc((size_t)len + 1);
    va_start(args, format);
    vsnprintf(all, (size_t)len + 1, format, args);
    va_end(args);
    bool good = cli_out_write(out, all, (size_t)len);
    free(all);
    return good;
}

int cli_out_finish(struct cli_out *out)
{
    if (out->failed == 0) {
        end_part(out);
    }
    cli_out_flush(out);
    errno = 0;
    if (fclose(stdout) != 0) { /* help texts go there */
        fail(out);
    }
    return out->failed;
}
