/*
 * salvage_print.c - see salvage_print.h: one screen for people, one document for programs.
 */
#include "salvage_print.h"

#include <inttypes.h>
#include <stdlib.h>

#include "doc.h"
#include "intake_print.h"
#include "print.h"
#include "verify.h"

static const char *const outcome_words[] = {
    [SS_SALVAGE_SOUND] = "sound: there was nothing to save it from",
    [SS_SALVAGE_DAMAGED] = "damaged: all that could be saved was taken",
    [SS_SALVAGE_NOTHING] = "nothing to save",
};

static const char *const tier_words[] = {
    [SS_TIER_TREE] = "from the tree",
    [SS_TIER_BROKEN] = "from broken pages of the tree, element by element",
    [SS_TIER_OLDER] = "from an older tree",
    [SS_TIER_ORPHAN] = "from sound pages of no tree, of revisions the tree has lost",
    [SS_TIER_FREED] = "from freed pages: deleted data, asked for",
    [SS_TIER_SLACK] = "from bytes that no page accounts for",
};

static void print_damage(FILE *to, const struct cli_salvaged *s)
{
    fprintf(to, "damage:\n");
    for (size_t i = 0; i < s->damage_kept && i < CLI_SALVAGE_LINES; i++) {
        const struct ss_salvage_damage *d = &s->damage[i];
        if (d->first_page == SS_NONE) {
            fprintf(to, "  %s\n", d->why.message);
        } else if (d->page_count > 1) {
            fprintf(to, "  pages %" PRIu64 "-%" PRIu64 ", %s at 0x%" PRIx64 ": %s\n", d->first_page,
                    d->first_page + d->page_count - 1, cli_size_format(d->len).text, d->off,
                    d->why.message);
        } else if (d->len > 0) {
            fprintf(to, "  page %" PRIu64 ", %s at 0x%" PRIx64 ": %s\n", d->first_page,
                    cli_size_format(d->len).text, d->off, d->why.message);
        } else {
            fprintf(to, "  page %" PRIu64 ": %s\n", d->first_page, d->why.message);
        }
    }
    if (s->damage_count > CLI_SALVAGE_LINES) {
        fprintf(to, "  and %" PRIu64 " more\n", s->damage_count - CLI_SALVAGE_LINES);
    }
}

static void print_lost(FILE *to, const struct cli_salvaged *s)
{
    const struct ss_salvage_report *r = &s->report;
    fprintf(to, "lost:      %" PRIu64 " revisions for certain\n", r->lost_revision_count);
    for (size_t i = 0; i < s->lost_kept && i < CLI_SALVAGE_LINES; i++) {
        const struct ss_salvage_lost *l = &s->lost[i];
        if (l->last == INT64_MAX) {
            fprintf(to, "  from %" PRId64 " on, if there were any\n", l->first);
        } else if (l->first == l->last) {
            fprintf(to, "  %" PRId64 "%s\n", l->first,
                    l->certain ? "" : ", unless compaction had removed it");
        } else {
            fprintf(to, "  %" PRId64 " to %" PRId64 "%s\n", l->first, l->last,
                    l->certain ? "" : ", unless compaction had removed them");
        }
    }
    if (r->lost_count > CLI_SALVAGE_LINES) {
        fprintf(to, "  and %" PRIu64 " more\n", r->lost_count - CLI_SALVAGE_LINES);
    }
}

static void print_buckets(FILE *to, const struct ss_salvage_report *r)
{
    for (size_t i = 0; i < r->bucket_count; i++) {
        const struct ss_salvage_bucket *b = &r->buckets[i];
        if (b->present && b->whole && b->tier == SS_TIER_TREE) {
            continue;
        }
        if (!b->present) {
            fprintf(to, "bucket:    %s stands in no tree\n", b->name);
        } else if (!b->whole) {
            fprintf(to,
                    "bucket:    %s is not whole: %" PRIu64 " elements, %" PRIu64
                    " places passed over\n",
                    b->name, b->element_count, b->dropped_count);
        } else {
            fprintf(to, "bucket:    %s is an older tree's, whole: %" PRIu64 " elements\n", b->name,
                    b->element_count);
        }
    }
    if (r->other_element_count + r->other_dropped_count > 0) {
        fprintf(to, "others:    %" PRIu64 " elements, %" PRIu64 " places passed over\n",
                r->other_element_count, r->other_dropped_count);
    }
}

static void print_tree(FILE *to, const struct ss_salvage_report *r)
{
    if (r->meta >= 0) {
        fprintf(to, "tree:      of meta %d, txid %" PRIu64 "\n", r->meta, r->txid);
    } else if (r->root_page != SS_NONE) {
        fprintf(to,
                "tree:      its root, page %" PRIu64
                ", was found by its form: the meta page in force leads to none that can be read\n",
                r->root_page);
    } else {
        fprintf(to, "tree:      none: single leaves are all that is left\n");
    }
    if (r->inferred && r->page_size != 0) {
        fprintf(to, "pages:     of %" PRIu32 " bytes, %s-endian, by their own headers\n",
                r->page_size, r->big_endian ? "big" : "little");
    }
}

static void print_records(FILE *to, const struct ss_salvage_report *r)
{
    fprintf(to, "records:   %" PRIu64 "\n", r->record_count);
    for (unsigned i = 0; i < SS_TIER_COUNT; i++) {
        if (r->tier_count[i] > 0) {
            fprintf(to, "  %" PRIu64 " %s\n", r->tier_count[i], tier_words[i]);
        }
    }
    if (r->freed_left_count > 0) {
        fprintf(to,
                "  left where they are: %" PRIu64
                " in freed pages, copies counted (--include-freed takes them)\n",
                r->freed_left_count);
    }
    if (r->conflict_count > 0) {
        fprintf(to,
                "conflicts: %" PRIu64
                " times two records of one revision; the more trusted one was taken\n",
                r->conflict_count);
    }
}

static void print_output(FILE *to, const struct cli_salvaged *s)
{
    const struct ss_salvage_report *r = &s->report;
    char digest[2 * sizeof(r->sha256) + 1];
    char *name;
    if (r->compact_mark != 0) {
        fprintf(to,
                "history:   not whole: a compaction is scheduled at revision %" PRId64
                ", so that etcd serves none of it\n",
                r->compact_mark);
    }
    if (r->index_made) {
        fprintf(to,
                "raft:      consistent_index was lost; 1 is written, and a restore sets its own\n");
    }
    if (s->output == NULL) {
        fprintf(to, "dry run:   %" PRIu64 " bytes would be written\n", r->out_len);
        return;
    }
    name = cli_escaped_name(s->output);
    fprintf(to, "%s: %" PRIu64 " bytes, %" PRIu64 " pages\n", name, r->out_len, r->high_water);
    fprintf(to, "  hash     %s\n", cli_digest_text(r->sha256, sizeof(r->sha256), digest));
    fprintf(to, "  seal     synthesised from salvage: it vouches for nothing before this run\n");
    free(name);
}

void cli_salvage_print(FILE *to, const struct cli_salvaged *s)
{
    const struct ss_salvage_report *r = &s->report;
    char *name = cli_escaped_name(s->input);
    fprintf(to, "%s: %s\n", name, outcome_words[r->outcome]);
    if (s->damage_count > 0) {
        print_damage(to, s);
    }
    if (r->outcome != SS_SALVAGE_NOTHING) {
        print_tree(to, r);
        if (r->outcome == SS_SALVAGE_DAMAGED && r->older_whole) {
            fprintf(to,
                    "hint:      the tree of meta %d (txid %" PRIu64
                    ") is whole: snapscope convert --meta %d %s reads that state\n",
                    r->older_meta, r->older_txid, r->older_meta, name);
        }
        if (r->is_etcd) {
            print_records(to, r);
        }
        if (r->lost_count > 0) {
            print_lost(to, s);
        }
        print_buckets(to, r);
        print_output(to, s);
    }
    free(name);
}

/* ---------------------------------------------------------------------------------- documents --- */

json_t *cli_salvage_lost_doc(const struct ss_salvage_lost *lost)
{
    json_t *doc = cli_doc_new();
    cli_doc_int(doc, "first", lost->first);
    if (lost->last != INT64_MAX) {
        cli_doc_int(doc, "last", lost->last);
    }
    cli_doc_bool(doc, "certain", lost->certain);
    if (lost->pgid != SS_NONE) {
        cli_doc_number(doc, "page", lost->pgid);
    }
    return doc;
}

static json_t *conflict_side(const struct ss_record *rec, uint64_t off, enum ss_salvage_tier tier)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "tier", ss_salvage_tier_name(tier));
    cli_doc_number(doc, "page", rec->pgid);
    cli_doc_number(doc, "offset", off);
    cli_doc_bool(doc, "tombstone", rec->tombstone);
    cli_doc_bytes(doc, "key", rec->key.ptr, rec->key.len);
    if (!rec->tombstone) {
        cli_doc_record(doc, rec);
        cli_doc_bytes(doc, "value", rec->value.ptr, rec->value.len);
    }
    return doc;
}

json_t *cli_salvage_conflict_doc(const struct ss_salvage_conflict *conflict)
{
    json_t *doc = cli_doc_new();
    cli_doc_int(doc, "mod_revision", conflict->kept.rev.main);
    cli_doc_int(doc, "sub", conflict->kept.rev.sub);
    cli_doc_set(doc, "kept",
                conflict_side(&conflict->kept, conflict->kept_off, conflict->kept_tier));
    cli_doc_set(doc, "other",
                conflict_side(&conflict->other, conflict->other_off, conflict->other_tier));
    return doc;
}

static json_t *damage_list(const struct cli_salvaged *s)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < s->damage_kept; i++) {
        const struct ss_salvage_damage *d = &s->damage[i];
        json_t *doc = cli_doc_new();
        if (d->first_page != SS_NONE) {
            cli_doc_number(doc, "first_page", d->first_page);
            cli_doc_number(doc, "page_count", d->page_count);
        }
        if (d->off != SS_NONE) {
            cli_doc_number(doc, "offset", d->off);
        }
        cli_doc_number(doc, "len", d->len);
        cli_doc_set(doc, "why", cli_doc_error(&d->why));
        cli_doc_append(list, doc);
    }
    return list;
}

static json_t *places_doc(const struct ss_salvage_places *places)
{
    json_t *doc = cli_doc_new();
    cli_doc_number(doc, "meta", places->meta_count);
    cli_doc_number(doc, "tree", places->tree_count);
    cli_doc_number(doc, "broken", places->broken_count);
    cli_doc_number(doc, "older", places->older_count);
    cli_doc_number(doc, "orphan", places->orphan_count);
    cli_doc_number(doc, "misplaced", places->misplaced_count);
    cli_doc_number(doc, "empty", places->empty_count);
    cli_doc_number(doc, "unreadable", places->unreadable_count);
    cli_doc_number(doc, "beyond_high_water", places->beyond_count);
    return doc;
}

static json_t *tree_doc(const struct ss_salvage_report *r)
{
    json_t *doc = cli_doc_new();
    if (r->meta >= 0) {
        cli_doc_int(doc, "meta", r->meta);
        cli_doc_number(doc, "txid", r->txid);
    }
    if (r->root_page != SS_NONE) {
        cli_doc_number(doc, "root_page", r->root_page);
    }
    cli_doc_number(doc, "page_size", r->page_size);
    cli_doc_bool(doc, "big_endian", r->big_endian);
    cli_doc_bool(doc, "inferred", r->inferred);
    if (r->older_whole) {
        cli_doc_int(doc, "older_whole_meta", r->older_meta);
        cli_doc_number(doc, "older_whole_txid", r->older_txid);
    }
    return doc;
}

static json_t *buckets_doc(const struct ss_salvage_report *r)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < r->bucket_count; i++) {
        const struct ss_salvage_bucket *b = &r->buckets[i];
        json_t *doc = cli_doc_new();
        cli_doc_text(doc, "bucket", b->name);
        cli_doc_bool(doc, "present", b->present);
        cli_doc_text(doc, "tier", ss_salvage_tier_name(b->tier));
        cli_doc_bool(doc, "whole", b->whole);
        cli_doc_number(doc, "elements", b->element_count);
        cli_doc_number(doc, "passed_over", b->dropped_count);
        cli_doc_append(list, doc);
    }
    return list;
}

static json_t *records_doc(const struct ss_salvage_report *r)
{
    json_t *doc = cli_doc_new(), *tiers = cli_doc_new();
    cli_doc_number(doc, "count", r->record_count);
    for (unsigned i = 0; i < SS_TIER_COUNT; i++) {
        cli_doc_number(tiers, ss_salvage_tier_name((enum ss_salvage_tier)i), r->tier_count[i]);
    }
    cli_doc_set(doc, "tiers", tiers);
    cli_doc_number(doc, "freed_left", r->freed_left_count);
    cli_doc_number(doc, "conflicts", r->conflict_count);
    cli_doc_int(doc, "last_revision", r->last_revision);
    return doc;
}

static json_t *result_doc(const struct ss_salvage_report *r)
{
    char digest[2 * sizeof(r->sha256) + 1];
    json_t *doc = cli_doc_new();
    cli_doc_number(doc, "len", r->out_len);
    cli_doc_number(doc, "high_water", r->high_water);
    cli_doc_text(doc, "seal", "synthesised-from-salvage");
    cli_doc_text(doc, "sha256", cli_digest_text(r->sha256, sizeof(r->sha256), digest));
    return doc;
}

json_t *cli_salvage_doc(const struct cli_salvaged *s)
{
    const struct ss_salvage_report *r = &s->report;
    json_t *doc = cli_doc_new(), *lost = cli_doc_list();
    cli_doc_text(doc, "file", s->input);
    if (s->output != NULL) {
        cli_doc_text(doc, "output", s->output);
    }
    cli_doc_text(doc, "outcome", ss_salvage_outcome_name(r->outcome));
    cli_doc_bool(doc, "include_freed", s->include_freed);
    cli_doc_set(doc, "tree", tree_doc(r));
    cli_doc_set(doc, "places", places_doc(&r->places));
    cli_doc_number(doc, "damage_count", s->damage_count);
    cli_doc_set(doc, "damage", damage_list(s));
    if (r->outcome == SS_SALVAGE_NOTHING) {
        json_decref(lost);
        return doc;
    }
    if (r->is_etcd) {
        cli_doc_set(doc, "records", records_doc(r));
        cli_doc_set(doc, "buckets", buckets_doc(r));
    }
    cli_doc_number(doc, "other_elements", r->other_element_count);
    cli_doc_number(doc, "other_passed_over", r->other_dropped_count);
    cli_doc_number(doc, "lost_count", r->lost_count);
    cli_doc_number(doc, "lost_revisions", r->lost_revision_count);
    for (size_t i = 0; i < s->lost_kept; i++) {
        cli_doc_append(lost, cli_salvage_lost_doc(&s->lost[i]));
    }
    cli_doc_set(doc, "lost", lost);
    if (r->compact_mark != 0) {
        cli_doc_int(doc, "compact_mark", r->compact_mark);
    }
    cli_doc_bool(doc, "consistent_index_made", r->index_made);
    if (s->output != NULL) {
        cli_doc_set(doc, "result", result_doc(r));
    }
    return doc;
}
