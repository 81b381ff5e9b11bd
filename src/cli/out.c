/*
 * out.c - standard output through stdio's buffer, with the first failure kept until the end.
 */
#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

bool ss_out_write(void *ctx, const void *bytes, size_t len)
{
    struct ss_out *out = ctx;
    if (out->failed != 0) {
        return fail(out);
    }
    if (len == 0) {
        return true;
    }
    errno = 0;
    if (fwrite(bytes, 1, len, stdout) != len) {
        return fail(out);
    }
    out->len += len;
    out->last = ((const char *)bytes)[len - 1];
    return true;
}

bool ss_out_text(struct ss_out *out, const char *text)
{
    return ss_out_write(out, text, strlen(text));
}

bool ss_out_format(struct ss_out *out, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        errno = ENOMEM;
        return fail(out);
    }
    bool good = ss_out_write(out, text, (size_t)len);
    free(text);
    return good;
}

int ss_out_finish(struct ss_out *out)
{
    errno = 0;
    if (fclose(stdout) != 0) {
        fail(out);
    }
    return out->failed;
}
