/*
 * diff_buckets.c - what etcd keeps beside its keys, thing by thing and field by field.
 *
 *   ~ meta
 *         consistent index: 1204 -> 1519
 *   + lease 694d98f6b2c7f00d: remaining ttl 0, ttl 60
 *   - user alice: no password false, password hash set, role root
 *
 * Both sides are sorted, so that one pass over both finds what differs. An element that cannot be
 * decoded is reported with its place; then nothing is called the same, and the exit code is 3.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "diff_facts.h"
#include "doc.h"
#include "print.h"
#include "report.h"

#define SHOWN_MAX 120

struct buckets_view {
    struct cli_diff_job *job;
    struct cli_facts a, b;
    struct cli_faults faults_a, faults_b;
    struct cli_json_list list;
    uint64_t counts[3]; /* by enum ss_change */
    uint64_t same;
};

/* Facts [from, to) of one thing; none when the side lacks it. */
struct thing {
    const struct cli_facts *facts;
    size_t from, to;
};

/* The thing that begins at fact i. */
static struct thing thing_at(const struct cli_facts *facts, size_t i)
{
    struct thing t = {facts, i, i};
    while (t.to < facts->count && facts->list[t.to].kind == facts->list[i].kind &&
           strcmp(cli_fact_id(facts, &facts->list[t.to]), cli_fact_id(facts, &facts->list[i])) ==
               0) {
        t.to++;
    }
    return t;
}

typedef void (*field_fn)(void *ctx, const struct cli_facts *a, const struct cli_fact *in_a,
                         const struct cli_facts *b, const struct cli_fact *in_b);

/* Gives the fields that are not alike to on_field, which may be NULL; returns how many there are. */
static uint64_t compare_fields(struct thing a, struct thing b, field_fn on_field, void *ctx)
{
    uint64_t count = 0;
    while (a.from < a.to || b.from < b.to) {
        const struct cli_fact *in_a = a.from < a.to ? &a.facts->list[a.from] : NULL;
        const struct cli_fact *in_b = b.from < b.to ? &b.facts->list[b.from] : NULL;
        int c = in_a == NULL   ? 1
                : in_b == NULL ? -1
                               : cli_fact_compare(a.facts, in_a, b.facts, in_b);
        a.from += c <= 0;
        b.from += c >= 0;
        if (c == 0 && strcmp(cli_fact_value(a.facts, in_a), cli_fact_value(b.facts, in_b)) == 0) {
            continue;
        }
        const struct cli_fact *named = c <= 0 ? in_a : in_b;
        assert(named != NULL);
        bool is_field = named->form != CLI_FACT_IS_THERE;
        count += is_field;
        if (is_field && on_field != NULL) {
            on_field(ctx, a.facts, c <= 0 ? in_a : NULL, b.facts, c >= 0 ? in_b : NULL);
        }
    }
    return count;
}

/* An identifier in words: "consistent_index" is "consistent index". */
static void print_words(struct cli_out *out, const char *name)
{
    for (const char *end; *name != '\0'; name = end) {
        end = strchrnul(name, '_');
        cli_out_write(out, name, (size_t)(end - name));
        if (*end == '_') {
            cli_out_text(out, " ");
            end++;
        }
    }
}

static void print_name(struct cli_out *out, const struct cli_facts *facts,
                       const struct cli_fact *fact)
{
    print_words(out, cli_fact_name(facts, fact));
    if (fact->item != CLI_FACT_NO_ITEM) {
        cli_out_text(out, " ");
        cli_out_text(out, cli_fact_item(facts, fact));
    }
}

/* The value behind `gap`, if the field has one. */
static void print_value(struct cli_out *out, const char *gap, const struct cli_facts *facts,
                        const struct cli_fact *fact)
{
    const char *value = cli_fact_value(facts, fact);
    size_t len = strlen(value);
    if (fact->form == CLI_FACT_LISTED) {
        return;
    }
    cli_out_text(out, gap);
    if (fact->form == CLI_FACT_SECRET) {
        cli_out_text(out, len > 0 ? "set" : "not set");
    } else if (len == 0) {
        cli_out_text(out, "(empty)");
    } else if (len > SHOWN_MAX) {
        cli_out_write(out, value, SHOWN_MAX);
        cli_out_format(out, "[%zu bytes]", len - SHOWN_MAX);
    } else {
        cli_out_text(out, value);
    }
}

static void print_field(void *ctx, const struct cli_facts *a, const struct cli_fact *in_a,
                        const struct cli_facts *b, const struct cli_fact *in_b)
{
    struct cli_out *out = ctx;
    const char *sign = in_b == NULL ? "- " : in_a == NULL ? "+ " : "";
    cli_out_format(out, "      %s", sign);
    if (in_a != NULL) {
        print_name(out, a, in_a);
    } else if (in_b != NULL) {
        print_name(out, b, in_b);
    }
    if (in_a != NULL && in_b != NULL && in_a->form == CLI_FACT_SECRET) {
        cli_out_text(out, ": changed\n");
        return;
    }
    if (in_a != NULL) {
        print_value(out, ": ", a, in_a);
    }
    if (in_b != NULL) {
        print_value(out, in_a != NULL ? " -> " : ": ", b, in_b);
    }
    cli_out_text(out, "\n");
}

static void print_one_sided(struct cli_out *out, struct thing t)
{
    const char *gap = ": ";
    for (size_t i = t.from; i < t.to; i++) {
        const struct cli_fact *fact = &t.facts->list[i];
        if (fact->form == CLI_FACT_IS_THERE) {
            continue;
        }
        cli_out_text(out, gap);
        print_name(out, t.facts, fact);
        print_value(out, " ", t.facts, fact);
        gap = ", ";
    }
    cli_out_text(out, "\n");
}

static void print_change(struct buckets_view *view, enum ss_change change, struct thing a,
                         struct thing b)
{
    static const char signs[] = {
        [SS_CHANGE_ADDED] = '+', [SS_CHANGE_REMOVED] = '-', [SS_CHANGE_MODIFIED] = '~'};
    struct cli_out *out = &view->job->run->out;
    struct thing t = change == SS_CHANGE_ADDED ? b : a;
    const struct cli_fact *first = &t.facts->list[t.from];
    const char *id = cli_fact_id(t.facts, first);
    cli_out_format(out, "%c ", signs[change]);
    print_words(out, cli_fact_kind_name(first->kind));
    cli_out_format(out, "%s%s", id[0] == '\0' ? "" : " ", id);
    if (change == SS_CHANGE_MODIFIED) {
        cli_out_text(out, "\n");
        compare_fields(a, b, print_field, out);
    } else {
        print_one_sided(out, t);
    }
}

/* Of cli_revision_format's text. */
static json_t *revision_doc(const char *text)
{
    char *end;
    struct ss_revision rev = {.main = strtoll(text, &end, 10)};
    if (*end == '_') {
        rev.sub = strtoll(end + 1, NULL, 10);
    }
    return cli_doc_revision(rev);
}

static void set_value(json_t *doc, const char *name, const struct cli_facts *facts,
                      const struct cli_fact *fact)
{
    const char *value = cli_fact_value(facts, fact);
    switch (fact->form) {
    case CLI_FACT_NUMBER:
        if (value[0] == '-') {
            cli_doc_int(doc, name, strtoll(value, NULL, 10));
        } else {
            cli_doc_number(doc, name, strtoull(value, NULL, 10));
        }
        break;
    case CLI_FACT_LISTED:
        cli_doc_bool(doc, name, true);
        break;
    case CLI_FACT_BOOL:
        cli_doc_bool(doc, name, strcmp(value, "true") == 0);
        break;
    case CLI_FACT_SECRET:
        cli_doc_text(doc, name, value[0] != '\0' ? "set" : "not set");
        break;
    case CLI_FACT_REVISION:
        cli_doc_set(doc, name, revision_doc(value));
        break;
    default:
        cli_doc_text(doc, name, value);
        break;
    }
}

static void add_field(void *ctx, const struct cli_facts *a, const struct cli_fact *in_a,
                      const struct cli_facts *b, const struct cli_fact *in_b)
{
    json_t *doc = cli_doc_new();
    const struct cli_facts *facts = in_a != NULL ? a : b;
    const struct cli_fact *named = in_a != NULL ? in_a : in_b;
    cli_doc_text(doc, "field", cli_fact_name(facts, named));
    if (named->item != CLI_FACT_NO_ITEM) {
        cli_doc_text(doc, "item", cli_fact_item(facts, named));
    }
    if (in_a != NULL) {
        set_value(doc, "a", a, in_a);
    }
    if (in_b != NULL) {
        set_value(doc, "b", b, in_b);
    }
    cli_doc_append(ctx, doc);
}

/* An alarm's id is of two parts: the member's id, and which alarm it is. */
static void set_id(json_t *doc, enum cli_fact_kind kind, const char *id)
{
    const char *of = kind == CLI_FACT_ALARM ? strstr(id, CLI_FACT_ALARM_OF) : NULL;
    if (of == NULL) {
        cli_doc_text(doc, "id", id);
        return;
    }
    cli_doc_text(doc, "id", of + strlen(CLI_FACT_ALARM_OF));
    cli_doc_set(doc, "alarm", json_stringn(id, (size_t)(of - id)));
}

static void list_change(struct buckets_view *view, enum ss_change change, struct thing a,
                        struct thing b)
{
    struct thing t = change == SS_CHANGE_ADDED ? b : a;
    const struct cli_fact *first = &t.facts->list[t.from];
    json_t *doc = cli_doc_new(), *fields = cli_doc_list();
    cli_doc_text(doc, "change", ss_change_name(change));
    cli_doc_text(doc, "kind", cli_fact_kind_name(first->kind));
    set_id(doc, first->kind, cli_fact_id(t.facts, first));
    compare_fields(a, b, add_field, fields);
    cli_doc_set(doc, "fields", fields);
    cli_list_add(&view->list, doc);
}

static void tell_change(struct buckets_view *view, enum ss_change change, struct thing a,
                        struct thing b)
{
    view->counts[change]++;
    (view->job->run->common.json ? list_change : print_change)(view, change, a, b);
}

static void compare_things(struct buckets_view *view)
{
    size_t i = 0, j = 0;
    while (i < view->a.count || j < view->b.count) {
        struct thing a = {&view->a, i, i}, b = {&view->b, j, j};
        int c = i == view->a.count ? 1
                : j == view->b.count
                    ? -1
                    : cli_fact_compare(&view->a, &view->a.list[i], &view->b, &view->b.list[j]);
        if (c <= 0) {
            a = thing_at(&view->a, i);
        }
        if (c >= 0) {
            b = thing_at(&view->b, j);
        }
        if (c != 0) {
            tell_change(view, c < 0 ? SS_CHANGE_REMOVED : SS_CHANGE_ADDED, a, b);
        } else if (compare_fields(a, b, NULL, NULL) > 0) {
            tell_change(view, SS_CHANGE_MODIFIED, a, b);
        } else {
            view->same++;
        }
        i = a.to;
        j = b.to;
    }
}

/* Whether there is a bucket that etcd has no use for; such facts come last. */
static bool holds_other(const struct cli_facts *facts)
{
    return facts->count > 0 && facts->list[facts->count - 1].kind == CLI_FACT_OTHER_BUCKET;
}

static int code_of(const struct buckets_view *view)
{
    if (view->faults_a.count > 0 || view->faults_b.count > 0) {
        return CLI_EXIT_REFUSED;
    }
    bool same = view->counts[0] + view->counts[1] + view->counts[2] == 0;
    return same ? CLI_EXIT_OK : CLI_EXIT_ANSWER;
}

static const char *const result_names[] = {
    [CLI_EXIT_OK] = "same", [CLI_EXIT_ANSWER] = "different", [CLI_EXIT_REFUSED] = "unreadable"};

static void print_end(struct buckets_view *view)
{
    struct cli_out *out = &view->job->run->out;
    uint64_t changes = view->counts[0] + view->counts[1] + view->counts[2];
    bool whole = code_of(view) != CLI_EXIT_REFUSED;
    if (changes == 0) {
        cli_out_format(out, "%s: %" PRIu64 " things beside the keys\n",
                       whole ? "the same" : "no difference in what can be read",
                       (uint64_t)view->same);
    } else {
        cli_out_format(out,
                       "\n%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " modified, %" PRIu64
                       " the same\n",
                       (uint64_t)view->counts[SS_CHANGE_ADDED],
                       (uint64_t)view->counts[SS_CHANGE_REMOVED],
                       (uint64_t)view->counts[SS_CHANGE_MODIFIED], (uint64_t)view->same);
    }
    if (holds_other(&view->a) || holds_other(&view->b)) {
        cli_out_text(out, "not compared: what other buckets hold, only that they are there\n");
    }
    if (!whole) {
        cli_out_format(out,
                       "not compared: elements that cannot be decoded, %" PRIu64 " of A, %" PRIu64
                       " of B\n",
                       (uint64_t)view->faults_a.count, (uint64_t)view->faults_b.count);
    }
}

static json_t *side_doc(const struct buckets_view *view, enum ss_side side)
{
    json_t *doc = cli_diff_side_doc(view->job, side);
    cli_faults_doc(side == SS_SIDE_A ? &view->faults_a : &view->faults_b, doc);
    return doc;
}

static void begin_answer(struct buckets_view *view)
{
    struct cli_run *run = view->job->run;
    if (!run->common.json) {
        cli_diff_print_side(view->job, SS_SIDE_A);
        cli_out_text(&run->out, "\n");
        cli_diff_print_side(view->job, SS_SIDE_B);
        cli_out_text(&run->out, "\n\n");
        return;
    }
    json_t *head = cli_doc_new();
    cli_doc_text(head, "file", run->input_name);
    cli_doc_text(head, "compared", "buckets");
    cli_doc_set(head, "a", side_doc(view, SS_SIDE_A));
    cli_doc_set(head, "b", side_doc(view, SS_SIDE_B));
    run->answer_begun = true;
    cli_list_begin(&view->list, &run->out, head, "changes");
}

static void end_answer(struct buckets_view *view)
{
    if (!view->job->run->common.json) {
        print_end(view);
        return;
    }
    json_t *tail = cli_doc_new();
    cli_doc_text(tail, "result", result_names[code_of(view)]);
    for (int change = 0; change < 3; change++) {
        cli_doc_number(tail, ss_change_name((enum ss_change)change), view->counts[change]);
    }
    cli_doc_number(tail, "same", view->same);
    cli_doc_bool(tail, "other_buckets", holds_other(&view->a) || holds_other(&view->b));
    cli_list_end(&view->list, tail);
}

static int compare(struct buckets_view *view)
{
    cli_faults_close(&view->faults_a);
    cli_faults_close(&view->faults_b);
    begin_answer(view);
    compare_things(view);
    end_answer(view);
    return code_of(view);
}

int cli_diff_buckets(struct cli_diff_job *job)
{
    struct buckets_view *view = cli_must_alloc(sizeof(*view));
    struct ss_error err = SS_ERROR_INIT;
    enum ss_side side = SS_SIDE_A;
    int code;
    *view = (struct buckets_view){.job = job};
    cli_faults_init(&view->faults_a, job->run);
    cli_faults_init(&view->faults_b, job->run);
    view->faults_b.about = job->run->second_name;
    cli_facts_init(&view->a, &view->faults_a);
    cli_facts_init(&view->b, &view->faults_b);
    if (cli_facts_read(&view->a, job->run->file, &err) != SS_OK) {
        code = cli_diff_unreadable(job, SS_SIDE_A, &err);
    } else if (cli_facts_read(&view->b, job->run->second, &err) != SS_OK) {
        code = cli_diff_unreadable(job, SS_SIDE_B, &err);
    } else if (cli_diff_checked(job, SS_OK, &side, &err) != SS_OK) {
        code = cli_diff_fail(job, side, &err);
    } else {
        code = compare(view);
    }
    cli_facts_fini(&view->a);
    cli_facts_fini(&view->b);
    cli_faults_fini(&view->faults_a);
    cli_faults_fini(&view->faults_b);
    free(view);
    return code;
}
