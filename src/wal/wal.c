/*
 * wal.c - see wal.h. Nothing is written, repaired or cut: this only counts.
 */
#include "wal/wal.h"

#include "source/source.h"
#include "util/endian.h"
#include "util/member_dir.h"
#include "util/wire.h"
#include "wal/frames.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define HEAD_LEN 8u
#define SECTOR_LEN 512u
#define LEN_MASK ((UINT64_C(1) << 56) - 1)

/* A frame cut out of its segment, and the record in it. */
struct frame {
    struct ss_span whole; /* record and padding */
    struct ss_span record;
    uint64_t type, crc;
    struct ss_span data;
};

void ss_wal_scan_init(struct ss_wal_scan *scan)
{
    *scan = (struct ss_wal_scan){0};
    ss_crc32c_init(&scan->crc);
}

/* The numbers of a message's first fields, all varints; others are passed over. */
static enum ss_status decode_numbers(struct ss_span message, uint64_t *numbers, uint32_t count,
                                     struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    ss_wire_init(&w, message, SS_E_FIELD, SS_NONE);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number > count) {
            continue;
        }
        if (ss_wire_expect(&w, &field, SS_WIRE_VARINT, "number", err) != SS_OK) {
            return SS_CORRUPT;
        }
        numbers[field.number - 1] = field.value;
    }
    return status == SS_END ? SS_OK : status;
}

static enum ss_status decode_record(struct frame *frame, struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    ss_wire_init(&w, frame->record, SS_E_FIELD, SS_NONE);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        enum ss_wire_type due = field.number == 3 ? SS_WIRE_BYTES : SS_WIRE_VARINT;

        if (field.number > 3) {
            continue;
        }
        if (ss_wire_expect(&w, &field, due, "record", err) != SS_OK) {
            return SS_CORRUPT;
        }
        if (field.number == 1) {
            frame->type = field.value;
        } else if (field.number == 2) {
            frame->crc = field.value;
        } else {
            frame->data = field.body;
        }
    }
    return status == SS_END ? SS_OK : status;
}

static void take_entry(struct ss_wal_facts *facts, const uint64_t *numbers)
{
    uint64_t index = numbers[2];

    /* Behind the log's end: the member was sent a snapshot, and its log goes on from there. */
    if (facts->entry_last == 0 || index > facts->entry_last + 1 || index < facts->entry_first) {
        facts->entry_first = index;
    }
    facts->entry_last = index;
    facts->entry_last_term = numbers[1];
}

/* What a record of a known type says. */
static enum ss_status take_data(struct ss_wal_facts *facts, const struct frame *frame,
                                struct ss_error *err)
{
    static const uint32_t counts[] = {
        [SS_WAL_METADATA] = 2, [SS_WAL_ENTRY] = 3, [SS_WAL_STATE] = 3, [SS_WAL_SNAPSHOT] = 2};
    uint64_t numbers[3] = {0};
    enum ss_status status = decode_numbers(frame->data, numbers, counts[frame->type], err);

    if (status != SS_OK) {
        return status;
    }
    if (frame->type == SS_WAL_ENTRY) {
        take_entry(facts, numbers);
    } else if (frame->type == SS_WAL_METADATA) {
        facts->node_id = numbers[0];
        facts->cluster_id = numbers[1];
    } else if (frame->type == SS_WAL_STATE) {
        facts->term = numbers[0];
        facts->vote = numbers[1];
        facts->commit = numbers[2];
    } else {
        facts->snapshot_index = numbers[0];
    }
    return SS_OK;
}

static enum ss_status wrong_crc(const struct frame *frame, uint32_t sum, struct ss_error *err)
{
    ss_corrupt(err, SS_E_FIELD, frame->record.off, SS_NONE,
               "the WAL record's sum does not match the log up to it");
    ss_error_have(err, "0x%08" PRIx64, frame->crc);
    return ss_error_expect(err, "0x%08" PRIx32, sum);
}

static enum ss_status check_crc(struct ss_wal_scan *scan, const struct frame *frame,
                                struct ss_error *err)
{
    uint32_t sum;

    if (frame->type != SS_WAL_CRC) {
        ss_crc32c_add(&scan->crc, frame->data.ptr, frame->data.len);
    }
    sum = ss_crc32c_final(&scan->crc);
    if (frame->type == SS_WAL_CRC && sum == 0) {
        ss_crc32c_resume(&scan->crc, (uint32_t)frame->crc);
    } else if (frame->crc != sum) {
        return wrong_crc(frame, sum, err);
    }
    return SS_OK;
}

static enum ss_status take_record(struct ss_wal_scan *scan, struct frame *frame,
                                  struct ss_error *err)
{
    enum ss_status status = decode_record(frame, err);

    if (status == SS_OK) {
        status = check_crc(scan, frame, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (frame->type < SS_WAL_METADATA || frame->type > SS_WAL_SNAPSHOT) {
        return ss_corrupt(err, SS_E_FIELD, frame->record.off, SS_NONE,
                          "WAL record of unknown type %" PRIu64, frame->type);
    }
    scan->facts.record_count++;
    return frame->type == SS_WAL_CRC ? SS_OK : take_data(&scan->facts, frame, err);
}

/* A sector of the frame that is all zeroes: the write was cut by a crash. */
static bool has_zero_sector(const struct frame *frame)
{
    uint64_t at = 0;

    while (at < frame->whole.len) {
        uint64_t n =
            ss_min_u64(SECTOR_LEN - (frame->whole.off + at) % SECTOR_LEN, frame->whole.len - at);
        uint64_t i = 0;

        while (i < n && frame->whole.ptr[at + i] == 0) {
            i++;
        }
        if (i == n) {
            return true;
        }
        at += n;
    }
    return false;
}

/* SS_END: the segment's end, or the preallocated zeroes; CORRUPT: it passes the end. */
static enum ss_status next_frame(struct ss_span segment, uint64_t at, struct frame *frame,
                                 struct ss_error *err)
{
    struct ss_span head;
    uint64_t word, len, padding;

    *frame = (struct frame){0};
    if (at == segment.len) {
        return SS_END;
    }
    if (!ss_span_sub(segment, at, HEAD_LEN, &head)) {
        return ss_corrupt(err, SS_E_FIELD, segment.off + at, SS_NONE,
                          "the WAL ends inside the length of a record");
    }
    word = ss_load_u64(head.ptr, false);
    if (word == 0) {
        return SS_END;
    }
    len = word & LEN_MASK;
    padding = word >> 63 != 0 ? word >> 56 & 7 : 0;
    if (!ss_span_sub(segment, at + HEAD_LEN, len + padding, &frame->whole)) {
        return ss_corrupt(err, SS_E_FIELD, segment.off + at, SS_NONE,
                          "a WAL record of %" PRIu64 " bytes passes the end of its file", len);
    }
    frame->record = frame->whole;
    frame->record.len = len;
    return SS_OK;
}

enum ss_status ss_wal_scan_segment(struct ss_wal_scan *scan, struct ss_span segment, bool is_last,
                                   struct ss_error *err)
{
    struct frame frame;
    enum ss_status status;
    uint64_t at = 0;

    scan->facts.file_count++;
    while ((status = next_frame(segment, at, &frame, err)) == SS_OK) {
        struct ss_wal_facts before = scan->facts;

        status = take_record(scan, &frame, err);
        if (status != SS_OK && is_last && has_zero_sector(&frame)) {
            scan->facts = before;
            scan->facts.torn = true;
            return SS_OK;
        }
        if (status != SS_OK) {
            return status;
        }
        at += HEAD_LEN + frame.whole.len;
    }
    if (status == SS_CORRUPT && is_last) {
        scan->facts.torn = true;
        return SS_OK;
    }
    return status == SS_END ? SS_OK : status;
}

void ss_wal_scan_finish(struct ss_wal_scan *scan, uint64_t applied)
{
    struct ss_wal_facts *facts = &scan->facts;
    uint64_t from = facts->entry_first > applied ? facts->entry_first - 1 : applied;

    if (facts->entry_last == 0 || facts->entry_last <= from) {
        return;
    }
    facts->beyond_count = facts->entry_last - from;
    if (facts->commit > from) {
        facts->beyond_committed = ss_min_u64(facts->commit, facts->entry_last) - from;
    }
}

/* -------------------------------------------------------------------------------------- files --- */

static int is_segment(const struct dirent *entry)
{
    return ss_member_dir_is_segment(entry->d_name);
}

/* An error that says which segment it is in; its place is one in there. */
static enum ss_status in_segment(struct ss_error *err, const char *name, enum ss_status status)
{
    char text[sizeof(err->message)];

    snprintf(text, sizeof(text), "%s: %.400s", name, err->message);
    memcpy(err->message, text, sizeof(text));
    return status;
}

static enum ss_status read_segment(struct ss_wal_scan *scan, const char *dir, const char *name,
                                   bool is_last, struct ss_error *err)
{
    /* Frames are no stream and no archive: whatever looks like one is not unpacked. */
    const struct ss_open_opts opts = {.unpacked_limit = 1};
    struct ss_source src;
    size_t len = strlen(dir) + strlen(name) + 2;
    char *path = malloc(len);
    struct stat info;
    enum ss_status status;

    if (path == NULL) {
        return ss_nomem(err, len);
    }
    snprintf(path, len, "%s/%s", dir, name);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        free(path);
        return ss_corrupt(err, SS_E_FIELD, SS_NONE, SS_NONE, "%s: no regular file", name);
    }
    status = ss_source_open(&src, path, &opts, NULL, err);
    free(path);
    if (status != SS_OK) {
        return in_segment(err, name, status);
    }
    status = ss_wal_scan_segment(scan, ss_source_span(&src), is_last, err);
    status = ss_source_check(&src, status, err);
    ss_source_close(&src);
    return status == SS_OK ? SS_OK : in_segment(err, name, status);
}

/* Each segment's number follows the one before it. */
static enum ss_status check_sequence(struct dirent **names, int count, struct ss_error *err)
{
    for (int i = 1; i < count; i++) {
        uint64_t before = strtoull(names[i - 1]->d_name, NULL, 16);

        if (strtoull(names[i]->d_name, NULL, 16) != before + 1) {
            return ss_corrupt(err, SS_E_FIELD, SS_NONE, SS_NONE,
                              "a segment of the WAL is missing between %s and %s",
                              names[i - 1]->d_name, names[i]->d_name);
        }
    }
    return SS_OK;
}

enum ss_status ss_wal_read(const char *dir, uint64_t applied, struct ss_wal_facts *out,
                           struct ss_error *err)
{
    struct ss_wal_scan scan;
    struct dirent **names = NULL;
    enum ss_status status = SS_OK;
    int count = scandir(dir, &names, is_segment, alphasort);

    ss_error_clear(err);
    *out = (struct ss_wal_facts){0};
    if (count < 0) {
        return ss_system(err, SS_E_IO, errno, "folder %.200s cannot be read", dir);
    }
    if (count == 0) {
        status = ss_system(err, SS_E_NOT_FOUND, 0, "folder %.200s holds no WAL", dir);
    }
    ss_wal_scan_init(&scan);
    if (status == SS_OK) {
        status = check_sequence(names, count, err);
    }
    for (int i = 0; i < count && status == SS_OK; i++) {
        status = read_segment(&scan, dir, names[i]->d_name, i == count - 1, err);
    }
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    if (status != SS_OK) {
        return status;
    }
    ss_wal_scan_finish(&scan, applied);
    *out = scan.facts;
    return SS_OK;
}
