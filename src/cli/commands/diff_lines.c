/*
 * diff_lines.c - how two values differ, for people: a short line diff.
 *
 *   a   one  two  three  four  five        what both begin and end with is cut off by bytes, at line
 *   b   one  two  3      four  five        ends; the lines between are compared by Myers' algorithm,
 *       └──────┘         └────────┘        up to EDITS_MAX edits, else only counted
 *
 * Memory is bounded whatever the values: LINES_MAX lines a side, EDITS_MAX rounds. A line is shown up
 * to SHOWN_MAX bytes, from near its first difference on. All of it is printed escaped.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "print.h"

#define LINES_MAX 2000
#define EDITS_MAX 40
#define SHOWN_MAX 160
#define LEAD_LEN 32
#define WIDTH (2 * EDITS_MAX + 3)
#define UNREACHED (-1)
#define INDENT "      "

struct lines {
    struct ss_span line[LINES_MAX];
    int count;
};

struct edit {
    int x, y; /* lines of a and b that lie before it */
    bool removes;
};

struct line_diff {
    struct cli_out *out;
    struct lines a, b;
    uint64_t first;                  /* lines before these, the same in both */
    bool several;                    /* the values are of more than one line */
    int reach[EDITS_MAX + 1][WIDTH]; /* after so many edits, on diagonal k: the farthest x */
    struct edit edits[EDITS_MAX];
    int edit_count;
};

static struct ss_span cut(struct ss_span s, uint64_t pos, uint64_t len)
{
    return (struct ss_span){s.ptr + pos, len, s.off + pos};
}

static bool equal(struct ss_span a, struct ss_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

static uint64_t common_prefix(struct ss_span a, struct ss_span b)
{
    uint64_t len = a.len < b.len ? a.len : b.len, n = 0;
    while (n < len && a.ptr[n] == b.ptr[n]) {
        n++;
    }
    return n;
}

static uint64_t common_suffix(struct ss_span a, struct ss_span b)
{
    uint64_t len = a.len < b.len ? a.len : b.len, n = 0;
    while (n < len && a.ptr[a.len - n - 1] == b.ptr[b.len - n - 1]) {
        n++;
    }
    return n;
}

static bool at_line_start(struct ss_span s, uint64_t pos)
{
    return pos == 0 || s.ptr[pos - 1] == '\n';
}

/* Cuts off the whole lines that both begin with. Returns how many. */
static uint64_t trim_front(struct ss_span *a, struct ss_span *b)
{
    uint64_t pos = common_prefix(*a, *b), lines = 0;
    while (!at_line_start(*a, pos)) {
        pos--;
    }
    for (uint64_t i = 0; i < pos; i++) {
        lines += a->ptr[i] == '\n';
    }
    *a = cut(*a, pos, a->len - pos);
    *b = cut(*b, pos, b->len - pos);
    return lines;
}

/* Cuts off the whole lines that both end with. False: there is none, and the last lines differ. */
static bool trim_back(struct ss_span *a, struct ss_span *b)
{
    uint64_t len = common_suffix(*a, *b);
    if (len == 0 || !at_line_start(*a, a->len - len) || !at_line_start(*b, b->len - len)) {
        const uint8_t *end = len == 0 ? NULL : memchr(a->ptr + (a->len - len), '\n', (size_t)len);
        if (end == NULL) {
            return false;
        }
        len = (uint64_t)(a->ptr + a->len - end) - 1;
    }
    a->len -= len;
    b->len -= len;
    return true;
}

static uint64_t count_lines(struct ss_span s, bool closed)
{
    uint64_t lines = closed ? 0 : 1;
    for (uint64_t i = 0; i < s.len; i++) {
        lines += s.ptr[i] == '\n';
    }
    return lines;
}

/* `closed`: the last line ends with a line feed, like those before it. False: there are too many. */
static bool split(struct ss_span s, bool closed, struct lines *out)
{
    out->count = 0;
    while (s.len > 0 || !closed) {
        const uint8_t *end = s.len == 0 ? NULL : memchr(s.ptr, '\n', (size_t)s.len);
        uint64_t len = end == NULL ? s.len : (uint64_t)(end - s.ptr);
        if (out->count == LINES_MAX) {
            return false;
        }
        out->line[out->count++] = cut(s, 0, len);
        if (end == NULL) {
            return true;
        }
        s = cut(s, len + 1, s.len - len - 1);
    }
    return true;
}

static int *cell(struct line_diff *d, int edits, int k)
{
    return &d->reach[edits][k + EDITS_MAX + 1];
}

/* Where the d-th edit leads to on diagonal k, before what is alike there: by which edit, and to which x. */
static int arrive(struct line_diff *d, int edits, int k, bool *removes)
{
    int down = *cell(d, edits - 1, k + 1), right = *cell(d, edits - 1, k - 1);
    if (down != UNREACHED && down - k > d->b.count) {
        down = UNREACHED;
    }
    right = right == UNREACHED || right + 1 > d->a.count ? UNREACHED : right + 1;
    *removes = right > down;
    return *removes ? right : down;
}

static int slide(const struct line_diff *d, int x, int k)
{
    while (x < d->a.count && x - k < d->b.count && equal(d->a.line[x], d->b.line[x - k])) {
        x++;
    }
    return x;
}

/* The number of edits that lead from a to b, or -1 when it takes more than EDITS_MAX. */
static int find_path(struct line_diff *d)
{
    for (int edits = 0; edits <= EDITS_MAX; edits++) {
        for (int i = 0; i < WIDTH; i++) {
            d->reach[edits][i] = UNREACHED;
        }
    }
    for (int edits = 0; edits <= EDITS_MAX; edits++) {
        for (int k = -edits; k <= edits; k += 2) {
            bool removes;
            int x = edits == 0 ? 0 : arrive(d, edits, k, &removes);
            if (x == UNREACHED) {
                continue;
            }
            x = slide(d, x, k);
            *cell(d, edits, k) = x;
            if (x == d->a.count && x - k == d->b.count) {
                return edits;
            }
        }
    }
    return -1;
}

/* Walks the path back and leaves the edits in order. */
static void take_edits(struct line_diff *d, int edits)
{
    int k = d->a.count - d->b.count;
    d->edit_count = edits;
    for (; edits > 0; edits--) {
        bool removes;
        int x = arrive(d, edits, k, &removes);
        int before = removes ? x - 1 : x;
        k += removes ? -1 : 1;
        d->edits[edits - 1] = (struct edit){.x = before, .y = before - k, .removes = removes};
    }
}

/* One line, from `skip` bytes on at a whole character. */
static void print_line(struct cli_out *out, const char *sign, struct ss_span line, uint64_t skip)
{
    if (line.len <= SHOWN_MAX) {
        skip = 0;
    }
    while (skip > 0 && skip < line.len && (line.ptr[skip] & 0xC0) == 0x80) {
        skip--;
    }
    uint64_t end = line.len - skip > SHOWN_MAX ? skip + SHOWN_MAX : line.len;
    while (end > skip && end < line.len && (line.ptr[end] & 0xC0) == 0x80) {
        end--;
    }
    cli_out_format(out, INDENT "%s ", sign);
    if (skip > 0) {
        cli_out_format(out, "[%" PRIu64 " bytes]", (uint64_t)skip);
    }
    cli_print_bytes(out, line.ptr + skip, end - skip, CLI_FORM_ESCAPED);
    if (end < line.len) {
        cli_out_format(out, "[%" PRIu64 " bytes]", (uint64_t)(line.len - end));
    }
    cli_out_text(out, "\n");
}

/* Where a line that was changed begins to differ, less a little. */
static uint64_t skip_of(const struct line_diff *d, int x, int y)
{
    uint64_t same = common_prefix(d->a.line[x], d->b.line[y]);
    return same > LEAD_LEN ? same - LEAD_LEN : 0;
}

/* Edits [from, to) with nothing alike between them: first what goes, then what comes. */
static void print_block(const struct line_diff *d, int from, int to)
{
    int x = d->edits[from].x, y = d->edits[from].y, removed = 0;
    for (int i = from; i < to; i++) {
        removed += d->edits[i].removes;
    }
    int added = to - from - removed;
    int pairs = removed < added ? removed : added;
    if (d->several) {
        cli_out_format(d->out, INDENT "@ line %" PRIu64 "\n", (uint64_t)d->first + (unsigned)x + 1);
    }
    for (int i = 0; i < removed; i++) {
        print_line(d->out, "-", d->a.line[x + i], i < pairs ? skip_of(d, x + i, y + i) : 0);
    }
    for (int i = 0; i < added; i++) {
        print_line(d->out, "+", d->b.line[y + i], i < pairs ? skip_of(d, x + i, y + i) : 0);
    }
}

static void print_edits(const struct line_diff *d)
{
    int from = 0;
    for (int i = 1; i <= d->edit_count; i++) {
        const struct edit *last = &d->edits[i - 1], *next = &d->edits[i];
        if (i < d->edit_count && next->x == last->x + last->removes &&
            next->y == last->y + !last->removes) {
            continue;
        }
        print_block(d, from, i);
        from = i;
    }
}

static void print_counts(struct cli_out *out, struct ss_span a, struct ss_span b, bool closed,
                         uint64_t first)
{
    cli_out_format(
        out, INDENT "%" PRIu64 " lines of A, %" PRIu64 " of B differ, from line %" PRIu64 " on\n",
        (uint64_t)count_lines(a, closed), (uint64_t)count_lines(b, closed), (uint64_t)first + 1);
}

static void print_binary(struct cli_out *out, struct ss_span a, struct ss_span b)
{
    cli_out_format(out,
                   INDENT "binary: they differ from byte %" PRIu64 " on, the last %" PRIu64
                          " are alike\n",
                   (uint64_t)common_prefix(a, b), (uint64_t)common_suffix(a, b));
}

bool cli_diff_lines(struct cli_out *out, struct ss_span a, struct ss_span b)
{
    if (!ss_text_is_clean(a.ptr, (size_t)a.len) || !ss_text_is_clean(b.ptr, (size_t)b.len)) {
        print_binary(out, a, b);
        return out->failed == 0;
    }
    bool several =
        memchr(a.ptr, '\n', (size_t)a.len) != NULL || memchr(b.ptr, '\n', (size_t)b.len) != NULL;
    uint64_t first = trim_front(&a, &b);
    bool closed = trim_back(&a, &b);
    struct line_diff *d = cli_must_alloc(sizeof(*d));
    d->out = out;
    d->first = first;
    d->several = several;
    int edits = split(a, closed, &d->a) && split(b, closed, &d->b) ? find_path(d) : -1;
    if (edits < 0) {
        print_counts(out, a, b, closed, first);
    } else {
        take_edits(d, edits);
        print_edits(d);
    }
    free(d);
    return out->failed == 0;
}
