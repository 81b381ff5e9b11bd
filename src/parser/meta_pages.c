/*
 * meta_pages.c - the two meta pages: where they are, whether they can be used, which one is in force, and
 * which one is read. [F4]
 *
 *   page header, 16 B │ 0 magic u32 │ 4 version u32 │ 8 page size u32 │ 12 flags u32 │
 *     16 root u64 │ 24 sequence u64 │ 32 freelist u64 │ 40 high-water u64 │ 48 txid u64 │ 56 checksum
 *
 * Guarantees: every field that can be read is reported, whether the meta is valid or not. A meta is
 * valid when magic, version, checksum and page size are right; of two valid ones the higher txid is in
 * force, meta 0 on a tie, as bbolt's db.meta() has it.
 */
#include "parser/db.h"
#include "parser/page.h"
#include "util/fnv.h"

#include <inttypes.h>
#include <stdio.h>

#define PROBE_SHIFT_MAX 14u
#define PAGE_SIZE_GUESS 4096u

bool ss_page_size_legal(uint64_t n)
{
    return n >= 1024 && n <= (UINT64_C(1024) << PROBE_SHIFT_MAX) && (n & (n - 1)) == 0;
}

static void decode(struct ss_meta *meta, const uint8_t *page)
{
    const uint8_t *m = page + SS_PAGE_HEADER_LEN;
    bool big = ss_load_u32(m, true) == SS_META_MAGIC;

    meta->big_endian = big;
    meta->page_id = ss_load_u64(page, big);
    meta->page_flags = ss_load_u16(page + 8, big);
    meta->magic = ss_load_u32(m, big);
    meta->version = ss_load_u32(m + 4, big);
    meta->page_size = ss_load_u32(m + 8, big);
    meta->flags = ss_load_u32(m + 12, big);
    meta->root = ss_load_u64(m + 16, big);
    meta->sequence = ss_load_u64(m + 24, big);
    meta->freelist = ss_load_u64(m + 32, big);
    meta->high_water = ss_load_u64(m + 40, big);
    meta->txid = ss_load_u64(m + 48, big);
    meta->checksum = ss_load_u64(m + 56, big);
    meta->computed = ss_fnv1a_64(m, SS_META_CHECKED_LEN);
}

/* due: the page size that this place stands for, 0 when any will do. */
static void judge(struct ss_meta *meta, uint64_t due)
{
    char *why = meta->reason;
    size_t cap = sizeof(meta->reason);

    if (meta->magic != SS_META_MAGIC) {
        snprintf(why, cap, "magic is 0x%08" PRIx32 ", not 0x%08x", meta->magic, SS_META_MAGIC);
    } else if (meta->version != SS_META_VERSION) {
        snprintf(why, cap, "version is %" PRIu32 ", not %u", meta->version, SS_META_VERSION);
    } else if (meta->checksum != meta->computed) {
        snprintf(why, cap, "checksum is 0x%016" PRIx64 ", computed 0x%016" PRIx64, meta->checksum,
                 meta->computed);
    } else if (!ss_page_size_legal(meta->page_size)) {
        snprintf(why, cap, "page size %" PRIu32 " is no power of two in [1 KiB, 16 MiB]",
                 meta->page_size);
    } else if (due != 0 && meta->page_size != due) {
        snprintf(why, cap, "page size is %" PRIu32 ", but it stands at %" PRIu64, meta->page_size,
                 due);
    }
    meta->valid = why[0] == '\0';
    meta->fault = meta->valid ? SS_E_NONE : SS_E_META;
}

void ss_meta_of(const uint8_t *page, uint64_t off, uint64_t due, struct ss_meta *out)
{
    *out = (struct ss_meta){.off = off, .present = true};
    decode(out, page);
    judge(out, due);
}

static void read_meta(const struct ss_file *file, uint64_t off, uint64_t due, struct ss_meta *meta)
{
    struct ss_span page;

    *meta = (struct ss_meta){.off = off};
    if (!ss_span_sub(file->geo.bytes, off, SS_PAGE_HEADER_LEN + SS_META_LEN, &page)) {
        meta->fault = SS_E_META;
        snprintf(meta->reason, sizeof(meta->reason), "the file ends before it");
        return;
    }
    ss_meta_of(page.ptr, off, due, meta);
}

/* Meta 0 gave no page size: tries each place where meta 1 can be, as bbolt does. */
static void probe_meta1(const struct ss_file *file, struct ss_meta *meta)
{
    struct ss_meta guess;
    bool have_magic = false;
    uint32_t i;

    read_meta(file, PAGE_SIZE_GUESS, PAGE_SIZE_GUESS, meta);
    for (i = 0; i <= PROBE_SHIFT_MAX; i++) {
        uint64_t size = UINT64_C(1024) << i;

        read_meta(file, size, size, &guess);
        if (guess.valid) {
            *meta = guess;
            return;
        }
        if (guess.present && guess.magic == SS_META_MAGIC && !have_magic) {
            *meta = guess;
            have_magic = true;
        }
    }
}

static int choose(const struct ss_meta meta[2])
{
    if (meta[0].valid && meta[1].valid) {
        return meta[1].txid > meta[0].txid ? 1 : 0;
    }
    if (meta[0].valid) {
        return 0;
    }
    return meta[1].valid ? 1 : -1;
}

static void take(struct ss_file *file, int which)
{
    const struct ss_meta *meta = &file->meta[which];

    file->current = which;
    file->geo.big = meta->big_endian;
    file->geo.page_size = meta->page_size;
    file->geo.high_water = meta->high_water;
    file->geo.page_count = ss_min_u64(meta->high_water, file->geo.bytes.len / meta->page_size);
}

static enum ss_status refuse_choice(const struct ss_file *file, int chosen, struct ss_error *err)
{
    const struct ss_meta *meta = &file->meta[chosen];

    return ss_corrupt(err, SS_E_META, meta->off, SS_NONE,
                      "meta page %d was chosen and cannot be used: %s; meta page %d (txid %" PRIu64
                      ") can",
                      chosen, meta->reason, 1 - chosen, file->meta[1 - chosen].txid);
}

enum ss_status ss_meta_load(struct ss_file *file, uint32_t forced, enum ss_meta_choice choice,
                            struct ss_error *err)
{
    struct ss_meta *meta = file->meta;
    int chosen = choice == SS_META_AUTO ? -1 : (int)choice - (int)SS_META_0;

    read_meta(file, 0, forced, &meta[0]);
    if (forced != 0) {
        read_meta(file, forced, forced, &meta[1]);
    } else if (meta[0].valid) {
        read_meta(file, meta[0].page_size, meta[0].page_size, &meta[1]);
    } else {
        probe_meta1(file, &meta[1]);
    }

    file->in_force = file->current = choose(meta);
    if (file->in_force < 0) {
        return SS_OK;
    }
    if (chosen >= 0 && !meta[chosen].valid) {
        return refuse_choice(file, chosen, err);
    }
    file->meta_chosen = chosen >= 0;
    take(file, chosen >= 0 ? chosen : file->in_force);
    return SS_OK;
}

struct ss_file ss_file_by_other_meta(const struct ss_file *file)
{
    struct ss_file other = *file;

    take(&other, 1 - file->current);
    return other;
}

uint64_t ss_file_db_len(const struct ss_file *file)
{
    return file->in_force < 0
               ? 0
               : ss_mul_sat_u64(ss_file_in_force(file)->high_water, file->geo.page_size);
}

void ss_meta_1_at(struct ss_file *file, uint32_t page_size)
{
    read_meta(file, page_size, page_size, &file->meta[1]);
}
