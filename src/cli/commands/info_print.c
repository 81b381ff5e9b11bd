/*
 * info_print.c - what `info` gathered, as text: a label, then what it is, within 80 columns where the
 * content allows; empty buckets share a line, so that the screen of a Kubernetes snapshot has 40 at most.
 */
#include <inttypes.h>
#include <string.h>

#include "info.h"
#include "print.h"
#include "run.h"
#include "verify.h"
#include "wal_note.h"

#define LABEL_WIDTH 14
#define TEXT_WIDTH 66
#define MEMBERS_SHOWN 9
#define DAMAGE_SHOWN 5

static void label(const struct cli_info *info, const char *name, enum cli_style style)
{
    struct cli_out *out = &info->run->out;
    cli_print_styled(out, style, name);
    cli_out_format(out, "%*s", LABEL_WIDTH - (int)strlen(name), "");
}

__attribute__((format(printf, 3, 4))) static void line(const struct cli_info *info,
                                                       const char *name, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    label(info, name, CLI_STYLE_HEAD);
    cli_out_format(&info->run->out, "%s\n", text);
}

/* Prose, broken between words at TEXT_WIDTH. */
static void paragraph(const struct cli_info *info, const char *name, enum cli_style style,
                      const char *text)
{
    struct cli_out *out = &info->run->out;
    label(info, name, style);
    while (strlen(text) > TEXT_WIDTH) {
        size_t end = TEXT_WIDTH;
        while (end > 0 && text[end] != ' ') {
            end--;
        }
        if (end == 0) {
            break;
        }
        cli_out_write(out, text, end);
        cli_out_format(out, "\n%*s", LABEL_WIDTH, "");
        text += end + 1;
    }
    cli_out_format(out, "%s\n", text);
}

static void print_name(const struct cli_info *info, const char *name, const char *bytes)
{
    label(info, name, CLI_STYLE_HEAD);
    cli_print_bytes(&info->run->out, bytes, strlen(bytes), CLI_FORM_ESCAPED);
    cli_out_text(&info->run->out, "\n");
}

static void print_file(const struct cli_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    print_name(info, "file", facts->name);
    if (facts->member != NULL) {
        print_name(info, "member", facts->member);
    }
    line(info, "kind", "%s%s", ss_kind_name(facts->kind),
         info->revs_known ? ", an etcd database" : "");
    bool packed = strcmp(facts->packing, "none") != 0;
    if (packed && facts->packed_len == 0) {
        line(info, "packing", "%s, from a stream", facts->packing);
    } else if (packed) {
        line(info, "packing", "%s, %s packed", facts->packing,
             cli_size_format(facts->packed_len).text);
    }
    line(info, "size", "%s (%" PRIu64 " bytes)", cli_size_format(facts->len).text,
         (uint64_t)facts->len);
}

static void print_cut(const struct cli_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    if (info->readable && facts->len < facts->db_len) {
        line(info, "hash", "cut off: the file ends %" PRIu64 " bytes before its database does",
             (uint64_t)(facts->db_len - facts->len));
    } else {
        line(info, "hash", "cut off: only %" PRIu64 " of 32 bytes follow the database",
             (uint64_t)(facts->len - facts->db_len));
    }
}

/* Without --no-hash; else the sizes say what they can. */
static void print_hash(const struct cli_info *info)
{
    static const char absent[] = "absent: nothing vouches for the bytes";
    uint64_t covered = info->hash.covered_len;
    switch (info->hash.state) {
    case SS_HASH_VALID:
        line(info, "hash", "valid: SHA-256 of the %" PRIu64 " bytes before it", covered);
        if (info->hash.padding_len > 0) {
            line(info, "padding", "%" PRIu64 " bytes of 0x%02x behind the hash",
                 (uint64_t)info->hash.padding_len, info->hash.padding_byte);
        }
        return;
    case SS_HASH_MISMATCH:
        line(info, "hash", "wrong: not the SHA-256 of the %" PRIu64 " bytes before it", covered);
        return;
    case SS_HASH_ZERO:
        line(info, "hash", "zero: 32 zero bytes stand where the SHA-256 belongs");
        return;
    case SS_HASH_ABSENT:
        line(info, "hash", absent);
        return;
    case SS_HASH_CUT:
        print_cut(info);
        return;
    case SS_HASH_NO_DB:
        return;
    case SS_HASH_NOT_CHECKED:
        break;
    }
    enum cli_presence presence = cli_info_presence(info);
    if (presence == CLI_PRESENCE_CUT) {
        print_cut(info);
    } else if (presence != CLI_PRESENCE_UNKNOWN) {
        line(info, "hash", "%s",
             presence == CLI_PRESENCE_PRESENT ? "not checked: by size the last 32 bytes" : absent);
    }
}

static void print_meta(const struct cli_info *info, int which)
{
    const struct ss_meta *meta = &info->metas[which];
    const char *name = which == 0 ? "meta 0" : "meta 1";
    if (!meta->present) {
        line(info, name, "not usable: the file has no bytes there");
        return;
    }
    if (!meta->valid) {
        line(info, name, "not usable: %s", meta->reason);
        return;
    }
    char freelist[32] = "not stored";
    if (meta->freelist != SS_NONE) {
        snprintf(freelist, sizeof(freelist), "%" PRIu64, (uint64_t)meta->freelist);
    }
    const struct ss_file_facts *facts = &info->facts;
    const char *why = "";
    if (facts->current_meta != facts->in_force_meta) {
        why = which == facts->current_meta ? "; read, by --meta" : "; in force, not read";
    } else if (which == facts->current_meta) {
        why = info->metas[1 - which].valid ? "; current (higher txid)"
                                           : "; current (the only usable one)";
    }
    line(info, name, "txid %" PRIu64 ", root %" PRIu64 ", freelist %s%s", (uint64_t)meta->txid,
         (uint64_t)meta->root, freelist, why);
}

static void print_other(const struct cli_info *info)
{
    const struct ss_other_tree *other = &info->other;
    if (!other->exists) {
        return;
    }
    char live[64] = "";
    if (other->is_etcd) {
        snprintf(live, sizeof(live), ", %" PRIu64 " live keys", (uint64_t)other->live_count);
    }
    line(info, "other tree", "%s at txid %" PRIu64 "%s; --meta %d reads it",
         other->error_count == 0 ? "whole" : "damaged too", (uint64_t)other->txid, live,
         other->which);
}

static void print_pages(const struct cli_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    char missing[64] = "";
    if (facts->page_count != facts->high_water) {
        snprintf(missing, sizeof(missing), "; the file has %" PRIu64 " of them",
                 (uint64_t)facts->page_count);
    }
    line(info, "pages", "%" PRIu64 " of %u bytes, %s-endian%s", (uint64_t)facts->high_water,
         facts->page_size, facts->big_endian ? "big" : "little", missing);
}

static void print_headers(const struct cli_info *info)
{
    const struct ss_header_facts *headers = &info->facts.headers;
    if (headers->page_size != 0) {
        line(info, "page headers",
             "%" PRIu64 " of %" PRIu64 " fit their places, as pages of %u bytes, %s-endian",
             (uint64_t)headers->fit_count, (uint64_t)headers->place_count, headers->page_size,
             headers->big_endian ? "big" : "little");
    }
}

static void print_space(const struct cli_info *info)
{
    const struct ss_space *space = &info->space;
    if (!info->space_known) {
        return;
    }
    uint64_t page_size = info->facts.page_size;
    uint64_t tree_len = space->tree_count * page_size;
    char lost[80] = "";
    if (space->lost_count > 0) {
        snprintf(lost, sizeof(lost), ", %" PRIu64 " %s", (uint64_t)space->lost_count,
                 info->tree_fault_count > 0 ? "not reached: free, or behind the damage"
                                            : "neither in use nor free");
    }
    line(info, "space", "%" PRIu64 " pages in trees, %.0f %% full; %" PRIu64 " free (%s)%s",
         (uint64_t)space->tree_count,
         tree_len == 0 ? 0.0 : 100.0 * (double)space->used_len / (double)tree_len,
         (uint64_t)space->free_count, cli_size_format(space->free_count * page_size).text, lost);
    if (space->beyond_len > 0 && space->beyond_len != 32) {
        line(info, "beyond", "%" PRIu64 " bytes behind the last page", (uint64_t)space->beyond_len);
    }
}

static void print_empty_buckets(const struct cli_info *info)
{
    struct cli_out *out = &info->run->out;
    const char *before = "empty: ";
    for (size_t i = 0; i < info->bucket_count; i++) {
        if (info->buckets[i].key_count == 0) {
            cli_out_format(out, "%s%s", before[0] == 'e' ? "              " : "", before);
            cli_out_text(out, info->buckets[i].path);
            before = ", ";
        }
    }
    if (before[0] == ',') {
        cli_out_text(out, "\n");
    }
}

static void print_buckets(const struct cli_info *info)
{
    static const struct cli_column columns[] = {
        {"KEYS", 12}, {"KEY-BYTES", 12}, {"VALUE-BYTES", 14}, {"BUCKET", 0}};
    struct cli_out *out = &info->run->out;
    if (info->nested_count == 0) {
        line(info, "buckets", "%zu", info->bucket_count);
    } else {
        line(info, "buckets", "%zu, and %" PRIu64 " inside them", info->bucket_count,
             (uint64_t)info->nested_count);
    }
    bool headed = false;
    for (size_t i = 0; i < info->bucket_count; i++) {
        const struct cli_info_bucket *bucket = &info->buckets[i];
        if (bucket->key_count == 0) {
            continue;
        }
        if (!headed) {
            headed = cli_table_head(out, columns, 4);
        }
        struct cli_number_text keys = cli_number_format(bucket->key_count);
        struct cli_number_text key_len = cli_number_format(bucket->key_len);
        struct cli_number_text value_len = cli_number_format(bucket->value_len);
        const char *cells[] = {keys.text, key_len.text, value_len.text, bucket->path};
        cli_table_row(out, columns, 4, cells, CLI_STYLE_PLAIN);
    }
    print_empty_buckets(info);
}

static void print_figures(const struct cli_info *info)
{
    const struct ss_key_figures *f = &info->figures;
    if (!info->figures_known) {
        line(info, "live keys", "cannot be told: the bucket key could not be read as a whole");
        return;
    }
    uint64_t live_len = f->live_key_len + f->live_value_len;
    line(info, "live keys", "%" PRIu64 ", %s of keys and values", (uint64_t)f->live_count,
         cli_size_format(live_len).text);
    char markers[64] = "";
    if (f->marker_count > 0) {
        snprintf(markers, sizeof(markers), ", bump-revision markers %" PRIu64,
                 (uint64_t)f->marker_count);
    }
    line(info, "records", "%" PRIu64 "; tombstones %" PRIu64 "%s; %s of history",
         (uint64_t)f->record_count, (uint64_t)f->tombstone_count, markers,
         cli_size_format(f->key_len + f->value_len - live_len).text);
}

static void print_revs(const struct cli_info *info)
{
    const struct ss_rev_facts *revs = &info->revs;
    if (revs->empty) {
        line(info, "revision", "%" PRId64 "; none is stored", (int64_t)revs->current);
    } else {
        line(info, "revision", "%" PRId64 "; stored are %" PRId64 " to %" PRId64,
             (int64_t)revs->current, (int64_t)revs->first.main, (int64_t)revs->last.main);
    }
    if (revs->compacted == 0) {
        line(info, "compacted", "never");
    } else if (revs->scheduled_compact > revs->finished_compact) {
        line(info, "compacted", "up to %" PRId64 ", scheduled only; the last finished one %" PRId64,
             (int64_t)revs->scheduled_compact, (int64_t)revs->finished_compact);
    } else {
        line(info, "compacted", "up to %" PRId64 ", finished", (int64_t)revs->compacted);
    }
}

/* ", 8e9e05c52164694d learner" of each id. */
static void print_ids(const struct cli_info *info, const uint64_t *ids, size_t count,
                      const char *role, size_t *shown)
{
    for (size_t i = 0; i < count && *shown < MEMBERS_SHOWN; i++, (*shown)++) {
        cli_out_format(&info->run->out, "%s%" PRIx64 "%s", *shown == 0 ? "" : ", ",
                       (uint64_t)ids[i], role);
    }
}

static void print_conf_state(const struct cli_info *info)
{
    const struct ss_etcd_meta *meta = info->meta;
    if (!meta->has_conf_state) {
        line(info, "confState", "none: written since 3.5");
        return;
    }
    const struct ss_conf_state *conf = &meta->conf_state;
    size_t shown = 0;
    label(info, "confState", CLI_STYLE_HEAD);
    cli_out_format(&info->run->out, "voters %zu, learners %zu: ", conf->voter_count,
                   conf->learner_count + conf->learners_next_count);
    print_ids(info, conf->voters, conf->voter_count, "", &shown);
    print_ids(info, conf->learners, conf->learner_count, " (learner)", &shown);
    print_ids(info, conf->learners_next, conf->learners_next_count, " (next learner)", &shown);
    print_ids(info, conf->voters_outgoing, conf->voters_outgoing_count, " (leaving)", &shown);
    cli_out_text(&info->run->out, shown == MEMBERS_SHOWN ? ", ...\n" : "\n");
}

static void print_meta_bucket(const struct cli_info *info)
{
    static const struct ss_boot_facts none = {0};
    const struct ss_boot_facts *boot = info->summary == NULL ? &none : &info->summary->boot;
    const struct ss_etcd_meta *meta = info->meta;
    if (meta == NULL) {
        line(info, "raft", "cannot be told");
        return;
    }
    char index[32] = "none", term[32] = "none";
    if (meta->has_consistent_index) {
        snprintf(index, sizeof(index), "%" PRIu64, (uint64_t)meta->consistent_index);
    }
    if (meta->has_term) {
        snprintf(term, sizeof(term), "%" PRIu64, (uint64_t)meta->term);
    }
    line(info, "raft", "consistent_index %s, term %s", index, term);
    print_conf_state(info);
    line(info, "versions", "storageVersion %s, clusterVersion %s%s%s",
         meta->storage_version == NULL ? "none" : meta->storage_version,
         meta->cluster_version == NULL ? "none" : meta->cluster_version,
         boot->downgrading ? "; being downgraded to " : "", boot->downgrade_target);
}

static void print_member(const struct cli_info *info, const struct cli_info_member *member)
{
    struct cli_out *out = &info->run->out;
    cli_out_format(out, "%*s%" PRIx64, LABEL_WIDTH, "", (uint64_t)member->id);
    if (!member->listed) {
        cli_out_text(out, "  removed\n");
        return;
    }
    cli_out_text(out, member->name[0] == '\0' ? "  (never started)" : "  ");
    cli_out_text(out, member->name);
    cli_out_text(out, member->learner ? ", learner" : ", voter");
    if (member->removed) {
        cli_out_text(out, ", zombie: also removed");
    } else if (cli_info_zombie(info, member)) {
        cli_out_text(out, ", zombie: not in confState");
    }
    cli_out_text(out, "\n");
}

static void print_members(const struct cli_info *info)
{
    size_t listed = 0, learners = 0, removed = 0, zombies = 0;
    if (!info->members_known) {
        line(info, "members", "cannot be told");
        return;
    }
    for (size_t i = 0; i < info->member_count; i++) {
        const struct cli_info_member *member = &info->members[i];
        listed += member->listed;
        learners += member->listed && member->learner;
        removed += member->removed;
        zombies += cli_info_zombie(info, member);
    }
    line(info, "members", "%zu; learners %zu, zombies %zu, removed %zu", listed, learners, zombies,
         removed);
    size_t shown = info->member_count > MEMBERS_SHOWN ? MEMBERS_SHOWN - 1 : info->member_count;
    for (size_t i = 0; i < shown; i++) {
        print_member(info, &info->members[i]);
    }
    if (shown < info->member_count) {
        cli_out_format(&info->run->out, "%*sand %zu more\n", LABEL_WIDTH, "",
                       info->member_count - shown);
    }
}

static void print_alarms(const struct cli_info *info)
{
    if (!info->alarms_known) {
        line(info, "alarms", "cannot be told");
        return;
    }
    if (info->alarm_count == 0) {
        line(info, "alarms", "none");
    }
    for (size_t i = 0; i < info->alarm_count && i < MEMBERS_SHOWN; i++) {
        line(info, i == 0 ? "alarms" : "", "%s of %" PRIx64, ss_alarm_name(info->alarms[i].type),
             (uint64_t)info->alarms[i].member_id);
    }
    if (info->alarm_count > MEMBERS_SHOWN) {
        line(info, "", "and %zu more", info->alarm_count - MEMBERS_SHOWN);
    }
}

static void print_auth(const struct cli_info *info)
{
    if (info->auth_known) {
        line(info, "auth", "%s; users %" PRIu64 ", roles %" PRIu64,
             info->auth.enabled ? "on" : "off", (uint64_t)info->user_count,
             (uint64_t)info->role_count);
    } else {
        line(info, "auth", "cannot be told");
    }
    if (info->leases_known) {
        line(info, "leases", "%" PRIu64, (uint64_t)info->lease_count);
    } else {
        line(info, "leases", "cannot be told");
    }
}

/* Whether an earlier release has the same reason. */
static bool told_before(const struct ss_boot_facts *boot, int at)
{
    for (int i = 0; i < at; i++) {
        if (!boot->lines[i].starts && strcmp(boot->lines[i].reason, boot->lines[at].reason) == 0) {
            return true;
        }
    }
    return false;
}

static void print_releases(const struct cli_info *info)
{
    char releases[64];
    if (info->summary == NULL || !info->summary->boot_known) {
        line(info, "starts on", "cannot be told");
        return;
    }
    const struct ss_boot_facts *boot = &info->summary->boot;
    if (boot->writer_major == 0) {
        line(info, "written by", "etcd 3.4 or older");
    } else {
        line(info, "written by", "etcd %" PRIu64 ".%" PRIu64 " or later",
             (uint64_t)boot->writer_major, (uint64_t)boot->writer_minor);
    }
    ss_boot_releases(boot, true, NULL, releases, sizeof(releases));
    line(info, "starts on", "%s%s", releases[0] == '\0' ? "no etcd from 3.4 to 3.7" : releases,
         releases[0] == '\0' ? "" : ", each after its own restore");
    for (int i = 0; i < SS_ETCD_LINES; i++) {
        const char *reason = boot->lines[i].reason;
        char text[256];
        if (boot->lines[i].starts || told_before(boot, i)) {
            continue;
        }
        ss_boot_releases(boot, false, reason, releases, sizeof(releases));
        snprintf(text, sizeof(text), "%s: %s", releases, reason);
        paragraph(info, "not on", CLI_STYLE_HEAD, text);
    }
}

static void print_etcd(const struct cli_info *info)
{
    if (!info->revs_known) {
        bool damaged = info->failed || info->faults.count > 0;
        const char *unknown = damaged ? "cannot be told: what the damaged trees held is not known"
                                      : "no: there is no bucket named key";
        line(info, "etcd", "%s",
             info->foreign_key ? "no: the bucket key holds no revisions" : unknown);
        return;
    }
    print_figures(info);
    print_revs(info);
    print_meta_bucket(info);
    print_members(info);
    print_alarms(info);
    print_auth(info);
    print_releases(info);
}

/* Only what the log has and the db has not. */
static void print_wal(const struct cli_info *info)
{
    char text[2048];
    if (cli_wal_note_text(&info->wal, text, sizeof(text)) != NULL) {
        paragraph(info, "log", CLI_STYLE_BAD, text);
    }
}

/* What this command never looks at stands last. */
static void print_unchecked(const struct cli_info *info)
{
    unsigned checked = info->summary == NULL ? 0 : info->summary->checked;
    char text[160];
    snprintf(text, sizeof(text), "%s%swhat records mean (snapscope verify does)",
             (checked & SS_VERIFY_HASH) != 0 ? "" : "the hash, ",
             (checked & SS_VERIFY_STRUCTURE) != 0 ? "" : "trees and page bookkeeping, ");
    paragraph(info, "not checked", CLI_STYLE_HEAD, text);
}

/* Errors that decide: those of the trees were told as faults, one by one. */
static void print_damage(const struct cli_info *info)
{
    size_t shown = 0, errors = 0;
    char text[2048], place[1024];
    for (size_t i = 0; info->summary != NULL && i < info->summary->finding_count; i++) {
        const struct ss_finding *finding = &info->summary->findings[i];
        if (finding->check->severity != SS_SEVERITY_ERROR) {
            continue;
        }
        errors++;
        if (shown == DAMAGE_SHOWN) {
            continue;
        }
        bool placed = cli_finding_place(finding, place, sizeof(place))[0] != '\0';
        snprintf(text, sizeof(text), "%s %s%s%s%s", finding->check->id, finding->detail,
                 placed ? " (" : "", place, placed ? ")" : "");
        paragraph(info, shown == 0 ? "damage" : "", CLI_STYLE_BAD, text);
        shown++;
    }
    if (errors > shown) {
        line(info, "", "and more: %" PRIu64 " errors in all", (uint64_t)info->summary->error_count);
    }
    if (info->faults.count > 0) {
        label(info, errors == 0 ? "damage" : "", CLI_STYLE_BAD);
        cli_out_format(&info->run->out, "%" PRIu64 " %s met: what stands above is not the whole\n",
                       (uint64_t)info->faults.count,
                       info->faults.count == 1 ? "fault was" : "faults were");
    }
}

void cli_info_text(const struct cli_info *info)
{
    struct cli_info_answer answer;
    cli_info_answer(info, &answer);
    print_file(info);
    if (info->facts.kind == SS_KIND_BBOLT) {
        print_hash(info);
        if (info->readable) {
            print_pages(info);
        }
        print_meta(info, 0);
        print_meta(info, 1);
        print_other(info);
        print_headers(info);
        if (info->readable) {
            print_space(info);
            print_buckets(info);
            print_etcd(info);
        }
        print_damage(info);
        print_wal(info);
        print_unchecked(info);
    }
    paragraph(info, "answer",
              answer.restorable == SS_RESTORABLE_YES ? CLI_STYLE_HEAD : CLI_STYLE_BAD, answer.text);
}
