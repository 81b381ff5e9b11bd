/*
 * snapscope.h - read etcd snapshots and any bbolt file, offline and without trust.
 *
 * One open file is a `struct ss_file`. What it hands out (spans, entries, records) borrows from that
 * file's bytes and stays valid until ss_close, unless a function says otherwise. Nothing here prints,
 * exits, locks or writes the input, or installs a signal handler unless asked (ss_guard_install).
 *
 *   ss_open ── ss_file_facts, ss_file_meta          what the file is, its two meta pages
 *          ├── ss_page_*, ss_pages                   pages, decoded one by one or listed with owners
 *          ├── ss_bucket_open ── ss_cursor_*         any bucket of any bbolt file, in key order
 *          ├── ss_record_*, ss_state_*, ss_dump      what the file means to etcd
 *          ├── ss_etcd_status, ss_hashkv             etcd's own figures
 *          ├── ss_members, ss_leases, ss_auth, …     what etcd keeps beside its keys
 *          ├── ss_verify                             is it sound, and every fault with its place
 *          └── ss_close
 *
 * Results:  every function that can fail returns enum ss_status and fills a caller's struct ss_error
 *           (never NULL). The first error wins; the message names what was found and what was due.
 * Threads:  one ss_file may be read by several threads at once; one cursor or state by one at a time.
 * Calls:    what can take a while takes a struct ss_call: its threads, its progress, and the wish to stop.
 * Numbers:  `_off` is an absolute offset in the bare database file (after unpacking, if it was
 *           packed), `_len` counts bytes, `_count` counts things; page sizes are bytes.
 * Format facts are numbered in docs/format.md and cited as [F3] and so on.
 */
#ifndef SNAPSCOPE_H
#define SNAPSCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define SS_API
#else
#define SS_API __attribute__((visibility("default")))
#endif

#define SS_VERSION_MAJOR 0
#define SS_VERSION_MINOR 1
#define SS_VERSION_PATCH 0

/* The library's own version, "MAJOR.MINOR.PATCH". Static storage. */
SS_API const char *ss_version(void);

/* "No such place": an offset, page or index that does not apply. */
#define SS_NONE UINT64_MAX

/* ------------------------------------------------------------------------- status and errors --- */

/* What a call came to. SS_END is an answer, not a failure: no further element, or no such key. */
enum ss_status {
    SS_SYSTEM = -1, /* the system failed: memory, I/O, output, cancelled; or the call was wrong */
    SS_OK = 0,
    SS_CORRUPT = 1, /* the bytes are not what they must be: struct ss_error has the place */
    SS_END = 2
};

/*
 * Why a call failed. X(symbol, name): the name is stable and stands in every JSON document.
 * The first block goes with SS_SYSTEM, the second with SS_CORRUPT.
 */
#define SS_CODES(X)                                                                                \
    X(NONE, "none")                                                                                \
    X(NOMEM, "no-memory")                                                                          \
    X(IO, "io")                      /* read or map failed; errno in sys */                        \
    X(OUTPUT, "output")              /* our own output, or a temporary file, failed */             \
    X(EXISTS, "exists")              /* the output is there already, or is the input */            \
    X(ARGUMENT, "argument")          /* the caller's values make no sense */                       \
    X(CANCELLED, "cancelled")        /* a progress callback asked to stop */                       \
    X(LIMIT, "limit")                /* a bound (unpacked size, a decoder's memory) was reached */ \
    X(NOT_FOUND, "not-found")        /* a bucket, member or page that was named is not there */    \
    X(REV_FUTURE, "revision-future") /* asked beyond the file's last revision */                   \
    X(REV_COMPACTED, "revision-compacted") /* asked before what compaction left */                 \
    X(NOT_ETCD, "not-etcd")                /* a sound bbolt file without etcd's `key` bucket */    \
                                                                                                   \
    X(EMPTY, "empty")                 /* zero bytes */                                             \
    X(NOT_BBOLT, "not-bbolt")         /* no bbolt meta page: what it is instead is in the text */  \
    X(ARCHIVE, "archive")             /* the packed form is damaged */                             \
    X(MEMBER, "archive-member")       /* several members, or none of that name: text lists them */ \
    X(META, "meta")                   /* neither meta page can be used */                          \
    X(PAGE_RANGE, "page-range")       /* page id outside [2, high-water) or past the file */       \
    X(PAGE_OVERFLOW, "page-overflow") /* a run of pages passes high-water or the file's end */     \
    X(PAGE_ID, "page-id")             /* the page says that it is another one */                   \
    X(PAGE_TYPE, "page-type")         /* none, or several, or the wrong one of the four types */   \
    X(PAGE_COUNT, "page-count")       /* the element array passes the run, or a branch is empty */ \
    X(ELEM_POS, "element-pos")        /* element data before the array's end or past the run */    \
    X(ELEM_SIZE, "element-size")      /* key or value longer than bbolt allows or the run has */   \
    X(ELEM_FLAGS, "element-flags")    /* a leaf element's flags are neither 0 nor 1 */             \
    X(KEY_ORDER, "key-order")         /* a key is below the one before it */                       \
    X(KEY_DUPLICATE, "key-duplicate") /* a key equals the one before it */                         \
    X(KEY_BOUNDS, "key-bounds")       /* a key lies outside what its parent promises */            \
    X(CYCLE, "cycle")                 /* a page is reached twice */                                \
    X(DEPTH, "depth")                 /* deeper than any real tree */                              \
    X(BUCKET, "bucket")               /* a bucket's header or inline page is broken */             \
    X(FREELIST, "freelist")           /* the freelist page is broken */                            \
    X(REV_KEY, "revision-key")        /* a `key` bucket key that is no revision */                 \
    X(RECORD, "record")               /* a value that is no well-formed KeyValue */                \
    X(FIELD, "field")                 /* a record of another bucket that cannot be decoded */      \
    X(VERSION, "version") /* a version or `downgrade` that is none; ss_boot_facts judges */

enum ss_code {
#define SS_CODE_ENUM(symbol, name) SS_E_##symbol,
    SS_CODES(SS_CODE_ENUM)
#undef SS_CODE_ENUM
    SS_E_COUNT
};

/* The stable name of a code, "page-type"; "unknown" for anything else. Static storage. */
SS_API const char *ss_code_name(enum ss_code code);

/* Why and where a call failed. Plain data: copy it freely. `message` and `bucket` are printable. */
struct ss_error {
    enum ss_code code;
    int sys;           /* errno, or 0 */
    uint64_t off;      /* absolute file offset of the offending bytes, or SS_NONE */
    uint64_t pgid;     /* page id, or SS_NONE */
    char bucket[128];  /* bucket path, components joined by "/", escaped; "" when none applies */
    char message[512]; /* one sentence, no place in it, no final stop */
    char have[64];     /* the value found and the value due, when one value is at fault; else "" */
    char expect[64];
};

/* Of a struct ss_error that holds none yet: code NONE, no place. */
#define SS_ERROR_INIT                                  \
    {                                                  \
        SS_E_NONE, 0, SS_NONE, SS_NONE, "", "", "", "" \
    }

/*
 * Writes "message (offset 0x5000, page 5, bucket key)" into buf, at most cap bytes with the NUL, and
 * returns buf. Parts that do not apply are left out. cap 1024 always suffices.
 */
SS_API char *ss_error_text(const struct ss_error *err, char *buf, size_t cap);

/* --------------------------------------------------------------------------------------- open --- */

/* Bytes of the open file: borrowed, read-only, with the place they came from. */
struct ss_span {
    const uint8_t *ptr;
    uint64_t len;
    uint64_t off; /* absolute file offset of ptr[0] */
};

/* Long work reports through this. `phase` is static; total 0: not known. False: the call is to stop. */
typedef bool (*ss_progress_fn)(void *ctx, const char *phase, uint64_t done, uint64_t total);

/*
 * How a long call runs: the last argument before the results of every call that can take a while, with one
 * meaning in all of them. NULL: all zeroes.
 *
 * threads    0: one for each processor that this process may use. Parts of a call that are different work
 *            (hashing, checking, writing) may each have one, four at most, whatever the processors.
 *            1: the caller's alone; no other is started.
 *            N: N at most, the caller's own included, at any one time.
 *            No answer and no byte of output depends on it.
 * progress   NULL: nobody is told. Called on the calling thread only: once before the work begins, then now
 *            and then.
 * cancel     false from `progress`: the call ends as soon as its threads have ended, SS_SYSTEM with
 *            SS_E_CANCELLED, and leaves nothing behind, as after any other failure.
 */
struct ss_call {
    unsigned threads;
    ss_progress_fn progress;
    void *progress_ctx;
};

/* Takes all len bytes of output, or returns false with errno set: the call then fails, SS_E_OUTPUT. */
typedef bool (*ss_write_fn)(void *ctx, const void *bytes, size_t len);

#define SS_UNPACKED_LIMIT_DEFAULT (UINT64_C(64) << 30)

/* Whose tree is read: bbolt commits by turns through two meta pages, so that the older one is the state before. */
enum ss_meta_choice {
    SS_META_AUTO, /* of the one in force: of two valid ones that with the higher txid */
    SS_META_0,
    SS_META_1
};

/* How to open. Zero-initialise, then set what matters; a NULL pointer stands for all zero. */
struct ss_open_opts {
    const char *member;       /* which file of an archive, when it holds several */
    uint32_t page_size;       /* 0: as the meta pages say; else they are looked for at 0 and here */
    enum ss_meta_choice meta; /* every call then reads that tree, and no other */
    uint64_t unpacked_limit;  /* bytes that a stream or archive may spool; 0: the default above */
    const char *tmp_dir; /* where streams are spooled, unlinked at once; NULL: $TMPDIR or /tmp */
    /*
     * Gives instead what ss_tmp_open gave: for a process that can no longer open files. The library
     * closes it; -1: errno. Asked at most three times an open, whose bytes lie in the last one given.
     */
    int (*tmp_open)(void *ctx);
    void *tmp_ctx;
    bool hash_stream; /* hash what is spooled as it goes by, which spares ss_verify a pass over it;
                        by a thread of its own, and not at all when the call allows none */
};

struct ss_file;

/*
 * Opens `path` ("-": standard input) read-only; a stream, or a compressed or archived file (gzip,
 * zlib, compress, zstd, xz, bzip2, lz4, tar, zip), is unpacked into an unlinked temporary file first. Succeeds for
 * any bytes that can be read, a bbolt file or not: ss_file_facts tells, and ss_file_readable says whether
 * trees can be walked. Errors: IO, OUTPUT (the temporary file), NOMEM, LIMIT, CANCELLED (SYSTEM);
 * ARCHIVE, MEMBER, and META when opts->meta names a meta page that cannot be used while the other one can
 * (CORRUPT). On success *out is the caller's to ss_close; else NULL.
 */
SS_API enum ss_status ss_open(const char *path, const struct ss_open_opts *opts,
                              const struct ss_call *call, struct ss_file **out,
                              struct ss_error *err);

/*
 * The same over bytes in memory, which are borrowed until ss_close and never unpacked: gzip bytes are
 * then simply not bbolt. For tests, fuzzers and callers with their own I/O. `name` is for messages.
 */
SS_API enum ss_status ss_open_memory(const void *bytes, size_t len, const char *name,
                                     const struct ss_open_opts *opts, struct ss_file **out,
                                     struct ss_error *err);

/* Closes and frees; everything borrowed from it is gone. NULL is fine. */
SS_API void ss_close(struct ss_file *file);

/*
 * A new empty file without a name in `dir` (NULL: $TMPDIR, else /tmp), mode 0600, for reading and writing,
 * as ss_open spools to: no other process can open it, and a killed one leaves nothing behind. The
 * descriptor is the caller's to close. -1: errno.
 */
SS_API int ss_tmp_open(const char *dir);

/*
 * Installs, once a process, a SIGBUS handler for files that shrink or disks that fail under a mapped
 * read: the call under way then ends in SS_E_IO with the offset. A fault outside snapscope's mappings
 * goes to the handler that was there before. The command line asks for it; a library user may.
 * Errors: IO.
 */
SS_API enum ss_status ss_guard_install(struct ss_error *err);

/* What the bytes are, from their first bytes and size. */
enum ss_kind {
    SS_KIND_UNKNOWN,
    SS_KIND_BBOLT,
    SS_KIND_EMPTY,
    SS_KIND_ZEROES, /* nothing but zero bytes where metas belong */
    SS_KIND_TEXT,
    SS_KIND_GZIP,
    SS_KIND_ZSTD,
    SS_KIND_XZ,
    SS_KIND_BZIP2,
    SS_KIND_LZ4,
    SS_KIND_ZIP,
    SS_KIND_TAR,
    SS_KIND_SQLITE,        /* k3s's other datastore, often mistaken for a snapshot */
    SS_KIND_ZLIB,          /* a deflate stream with zlib's header and checksum */
    SS_KIND_COMPRESS,      /* .Z, of compress(1) */
    SS_KIND_RAFT_SNAPSHOT, /* a .snap file of an etcd member; its keys are in member/snap/db */
    SS_KIND_RAFT_WAL,      /* a segment of an etcd member's write-ahead log */
    SS_KIND_DELTA          /* a delta snapshot of etcd-backup-restore (Gardener): events alone */
};

/* "bbolt", "empty", "gzip", … Static storage. */
SS_API const char *ss_kind_name(enum ss_kind kind);

/* Without a usable meta page: what the page headers behind the metas say of a file. */
struct ss_header_facts {
    uint32_t page_size; /* by which most of them fit their places; 0: fewer than two fit any */
    bool big_endian;
    uint64_t fit_count;   /* places whose header fits: its id, one type, a possible count and run */
    uint64_t place_count; /* places looked at, from page 2 on: a bounded number of them */
};

/* What is known of an open file before any tree is walked. Strings live as long as the file. */
struct ss_file_facts {
    const char *name;    /* as it was opened; "-" for standard input */
    const char *packing; /* "none", "gzip", "tar+zstd", "zip", … : how it came */
    const char *member;  /* name inside the archive, or NULL */
    bool spooled;        /* read from a temporary copy: a stream, or unpacked */
    uint64_t packed_len; /* bytes before unpacking; = len when not packed; 0 for a stream */
    uint64_t len;        /* bytes of the bare file */
    enum ss_kind kind;
    /* The rest is of a usable meta. Without one, these two are of the places that ss_pages lists then, by
     * ss_open_opts.page_size or by the headers below; 0 when neither says how long a page is. */
    bool big_endian;
    uint32_t page_size;
    int current_meta;    /* 0 or 1: whose tree is read, and whose the sizes below are; -1: none */
    int in_force_meta;   /* the one that bbolt takes: another only if ss_open_opts.meta says so */
    bool meta_chosen;    /* current_meta was named by ss_open_opts.meta */
    uint64_t high_water; /* pages; page ids are below it */
    uint64_t db_len;     /* high_water x page_size, saturating; may pass len when truncated */
    uint64_t page_count; /* pages that are both below high_water and whole in the file */
    struct ss_header_facts headers; /* only without a usable meta */
};

SS_API void ss_file_facts(const struct ss_file *file, struct ss_file_facts *out);

/*
 * SS_OK when the input was not written to since it was opened, by its size and time of change, and every
 * read of it succeeded; spooled bytes and memory never change. For results that must rest on one state
 * of the file. Errors: IO.
 */
SS_API enum ss_status ss_file_unchanged(const struct ss_file *file, struct ss_error *err);

/* SS_OK when trees can be walked; else CORRUPT with the reason (EMPTY, NOT_BBOLT, META). */
SS_API enum ss_status ss_file_readable(const struct ss_file *file, struct ss_error *err);

/* The file's bytes from off on, at most len of them; shorter, or empty, at its end. */
SS_API struct ss_span ss_file_bytes(const struct ss_file *file, uint64_t off, uint64_t len);

/* ------------------------------------------------------------------------------------- metas --- */

/* One meta page, whether it can be used or not. [F4] */
struct ss_meta {
    uint64_t off; /* of its page header; meta 1 is looked for at every size when meta 0 fails */
    bool present; /* the file has bytes there */
    bool valid;   /* magic, version, checksum and page size are right */
    enum ss_code fault; /* SS_E_NONE, or SS_E_META */
    char reason[96];    /* "checksum 0x… , computed 0x…"; "" when valid */
    bool big_endian;
    uint64_t page_id; /* from the page header, as are the flags */
    uint16_t page_flags;
    uint32_t magic, version, page_size, flags;
    uint64_t root, sequence, freelist, high_water, txid, checksum;
    uint64_t computed; /* FNV-1a 64 over the 56 bytes before the checksum */
};

/* `which` is 0 or 1. */
SS_API void ss_file_meta(const struct ss_file *file, int which, struct ss_meta *out);

/* ------------------------------------------------------------------------------------- pages --- */

enum ss_page_type {
    SS_PAGE_UNKNOWN,
    SS_PAGE_META,
    SS_PAGE_FREELIST,
    SS_PAGE_BRANCH,
    SS_PAGE_LEAF
};

/* "branch", "leaf", "meta", "freelist", "unknown". Static storage. */
SS_API const char *ss_page_type_name(enum ss_page_type type);

/* A page header as it stands in the file, unchecked. [F2] */
struct ss_page_head {
    uint64_t off;
    uint64_t id;
    uint16_t flags;
    uint16_t count;
    uint32_t overflow; /* further pages that belong to this one */
    enum ss_page_type type;
};

/*
 * Without a usable meta (ss_file_readable says META or NOT_BBOLT) no tree can be walked, but pages can still be looked at
 * where ss_file_facts.page_size is known: page N is then what stands at N x page_size, up to the file's end.
 * This holds for ss_page_head, ss_page_open and ss_pages alone; where the size is not known, they refuse
 * with the error of ss_file_readable.
 */

/* Reads a header: errors PAGE_RANGE when the page is not whole in the file; as ss_file_readable. */
SS_API enum ss_status ss_page_head(const struct ss_file *file, uint64_t pgid,
                                   struct ss_page_head *out, struct ss_error *err);

/* One element of a gated branch or leaf page. [F3] */
struct ss_element {
    uint64_t off;   /* of the element itself */
    bool is_bucket; /* leaf: the value is a bucket header */
    uint64_t child; /* branch: child page id; leaf: SS_NONE */
    struct ss_span key;
    struct ss_span value; /* leaf only */
};

struct ss_page;

/*
 * Passes page `pgid` through the gate: id in [2, high-water), the whole overflow run below high-water
 * and the file's end, stored id equal, exactly one known type, the element array inside the run,
 * element data behind the array and inside the run, legal key and value sizes. *out may be trusted;
 * the caller frees it with ss_page_free before ss_close. Errors: PAGE_*, ELEM_*, NOMEM; as ss_file_readable.
 */
SS_API enum ss_status ss_page_open(const struct ss_file *file, uint64_t pgid, struct ss_page **out,
                                   struct ss_error *err);
SS_API void ss_page_free(struct ss_page *page);

/* The header of a gated page, and its i-th element (i < count; branch and leaf pages only). */
SS_API void ss_page_get_head(const struct ss_page *page, struct ss_page_head *out);
SS_API void ss_page_element(const struct ss_page *page, uint32_t i, struct ss_element *out);

/* The page ids that a gated freelist page holds: how many, and the i-th. [F5] */
SS_API uint64_t ss_page_free_count(const struct ss_page *page);
SS_API uint64_t ss_page_free_id(const struct ss_page *page, uint64_t i);

enum ss_page_use {
    SS_USE_META,
    SS_USE_FREELIST,  /* the first page of the stored freelist */
    SS_USE_REACHABLE, /* first page of a tree page */
    SS_USE_OVERFLOW,  /* a further page of a tree page or of the freelist */
    SS_USE_FREE,      /* named by the stored freelist; or, with none stored, unreachable */
    SS_USE_ORPHAN /* neither reachable nor in the stored freelist, or behind a broken page; without
                         a usable meta: any page, since nothing says which ones are in use */
};

/* "meta", "freelist", "reachable", "overflow", "free", "orphan". Static storage. */
SS_API const char *ss_page_use_name(enum ss_page_use use);

/* One line of the page list. */
struct ss_page_row {
    uint64_t pgid;
    enum ss_page_use use;
    struct ss_page_head
        head;           /* as it stands; of free and overflow pages: whatever bytes are there */
    enum ss_code fault; /* NONE, or why the gate or the tree refused a reached page, or any place */
    const char *bucket; /* owner's path, escaped; "" for the root bucket; NULL: no owner */
};

typedef bool (*ss_page_row_fn)(void *ctx, const struct ss_page_row *row);
typedef void (*ss_fault_fn)(void *ctx, const struct ss_error *fault);

/*
 * Lists every whole page below high-water in order of id. The trees are walked first; a fault in one
 * subtree never stops the rest: each is given to on_fault (may be NULL) and counted in *fault_count.
 * Stops early when on_row returns false. Cost: 4 bytes a page and one bucket path a bucket.
 * Without a usable meta every whole place of the file is listed, without owners: METAs, ORPHANs, and as OVERFLOW
 * what the run of the page before covers and is no page itself. The one fault given is the lost metas';
 * a place that the gate refuses has its code in `fault`, and may as well be a free page.
 * `call` may be NULL. Errors: NOMEM, IO, CANCELLED; as ss_file_readable.
 */
SS_API enum ss_status ss_pages(const struct ss_file *file, ss_page_row_fn on_row,
                               ss_fault_fn on_fault, void *ctx, const struct ss_call *call,
                               uint64_t *fault_count, struct ss_error *err);

/* ---------------------------------------------------------------------------- past the damage --- */

/* What a call that keeps going passed over. Spans borrow from the file, and the rest until it returns. */
struct ss_skip {
    struct ss_error why; /* with the page and the offset of the fault, and the bucket */
    uint64_t element;    /* number of an element in its page; SS_NONE: the page, and all below it */
    struct ss_span
        from; /* the keys that are missing are in [from, to), or one key when both are one */
    struct ss_span to; /* span; ptr NULL: no bound */
    bool kept;         /* nothing is missing for it: what stands there was read all the same */
};
typedef void (*ss_skip_fn)(void *ctx, const struct ss_skip *skip);

/*
 * What makes a call go on past damage: it then gives everything that still stands, in order, and tells
 * on_skip of each place that it passed over. Pages that cannot be read are skipped with all below them,
 * in others single elements: those out of order and records that cannot be decoded. Of a sound file the
 * answer is the same as without. When something was skipped the answer may be wrong as well as short:
 * a key whose newest record is lost has an older one, or a deleted one is back.
 */
struct ss_keep_going {
    ss_skip_fn on_skip; /* may be NULL; called on the caller's thread */
    void *ctx;
};

/* -------------------------------------------------------------------------- buckets and cursor --- */

struct ss_bucket;

/*
 * Opens the bucket at path[0] / path[1] / …; count 0 is the root bucket, whose elements are the
 * top-level buckets. Freed by ss_bucket_free before ss_close. Errors: NOT_FOUND (SYSTEM: no such
 * bucket, or that key is no bucket), NOMEM, META, and what a broken tree gives.
 */
SS_API enum ss_status ss_bucket_open(const struct ss_file *file, const struct ss_span *path,
                                     size_t count, struct ss_bucket **out, struct ss_error *err);
SS_API void ss_bucket_free(struct ss_bucket *bucket);

struct ss_bucket_facts {
    const char *path; /* escaped; lives as long as the bucket */
    uint64_t root;    /* page id; 0: inline */
    uint64_t sequence;
    bool is_inline;
};
SS_API void ss_bucket_facts(const struct ss_bucket *bucket, struct ss_bucket_facts *out);

/* What one walk over a bucket and all below it counts. */
struct ss_bucket_stats {
    const char *path; /* escaped, valid during the callback */
    uint32_t level;   /* 1: top-level bucket */
    uint64_t root;    /* page id; 0: inline */
    uint64_t sequence;
    uint64_t key_count;    /* elements that are not buckets */
    uint64_t bucket_count; /* direct child buckets */
    uint64_t key_len;      /* bytes of keys, values: of the elements counted in key_count */
    uint64_t value_len;
    uint64_t branch_count, leaf_count, overflow_count; /* pages; 0 for inline */
    uint32_t depth; /* tree levels; 1: the root is a leaf; 0: inline */
};
typedef bool (*ss_bucket_stats_fn)(void *ctx, const struct ss_bucket_stats *stats);

/*
 * Every bucket, parents before children, in key order, to on_stats; false from it stops. A fault in
 * one subtree never stops the rest: it goes to on_fault (may be NULL) and is counted, and the figures
 * of that bucket are then what could be read. Errors: META, NOMEM, IO.
 */
SS_API enum ss_status ss_buckets(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                                 ss_fault_fn on_fault, void *ctx, uint64_t *fault_count,
                                 struct ss_error *err);

/*
 * ss_buckets, whose faults are told with the keys that they concern; *skip_count counts them. Those of
 * order are `kept`: the figures have the elements all the same.
 */
SS_API enum ss_status ss_buckets_keeping(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                                         const struct ss_keep_going *keep, void *ctx,
                                         uint64_t *skip_count, struct ss_error *err);

/* How the pages of a file are used. A page that a tree names counts with its overflow pages. */
struct ss_space {
    uint64_t tree_count;     /* pages that the trees name, sound or not */
    uint64_t freelist_count; /* pages that hold the stored freelist */
    bool freelist_stored;    /* else free is what no tree names */
    uint64_t free_count;     /* pages that are free */
    uint64_t lost_count; /* neither named by a tree nor free; counts what hides behind a fault */
    uint64_t used_len;   /* of the sound tree pages: headers, elements, keys and values */
    uint64_t beyond_len; /* bytes of the file behind its last page, the hash among them */
};

/*
 * ss_buckets and, by the same walk, how the file's space is used. A stored freelist that cannot be
 * read is a fault like others. `on_stats` and `on_fault` may be NULL.
 */
SS_API enum ss_status ss_buckets_space(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                                       ss_fault_fn on_fault, void *ctx, struct ss_space *space,
                                       uint64_t *fault_count, struct ss_error *err);

/* Where a cursor stands. */
struct ss_entry {
    struct ss_span key;
    struct ss_span value; /* of a bucket element: the bucket's header and inline page */
    bool is_bucket;
    uint64_t pgid;  /* of the leaf; of the page that holds it when the bucket is inline */
    uint32_t index; /* element number in its page */
};

struct ss_cursor;

/*
 * A cursor over a bucket, which must outlive it. It trusts nothing: each page passes the gate, keys
 * must strictly ascend and stay within their parents' bounds, so that no walk can loop.
 * Errors: NOMEM.
 */
SS_API enum ss_status ss_cursor_new(const struct ss_bucket *bucket, struct ss_cursor **out,
                                    struct ss_error *err);
SS_API void ss_cursor_free(struct ss_cursor *cursor);

/*
 * Move: to the first or last element, to the first one whose key is >= key, or one step. SS_OK fills
 * *entry; SS_END: there is none (the cursor then stands before the first or after the last, and a
 * step back from there works). CORRUPT: PAGE_*, ELEM_*, KEY_*, CYCLE, DEPTH; after it only
 * first, last and seek may be called. SYSTEM: IO.
 */
SS_API enum ss_status ss_cursor_first(struct ss_cursor *c, struct ss_entry *entry,
                                      struct ss_error *err);
SS_API enum ss_status ss_cursor_last(struct ss_cursor *c, struct ss_entry *entry,
                                     struct ss_error *err);
SS_API enum ss_status ss_cursor_seek(struct ss_cursor *c, const void *key, size_t key_len,
                                     struct ss_entry *entry, struct ss_error *err);
SS_API enum ss_status ss_cursor_next(struct ss_cursor *c, struct ss_entry *entry,
                                     struct ss_error *err);
SS_API enum ss_status ss_cursor_prev(struct ss_cursor *c, struct ss_entry *entry,
                                     struct ss_error *err);

/*
 * As ss_bucket_open, in trees that may be damaged. keep NULL: ss_bucket_open. A bucket that is not found
 * in what stands gives the damage that may hide it.
 */
SS_API enum ss_status ss_bucket_open_keeping(const struct ss_file *file, const struct ss_span *path,
                                             size_t count, const struct ss_keep_going *keep,
                                             struct ss_bucket **out, struct ss_error *err);

struct ss_range;
typedef enum ss_status (*ss_entry_fn)(void *ctx, const struct ss_entry *entry,
                                      struct ss_error *err);

/*
 * The bucket's elements that pass `range` (NULL: all), in order; what on_entry returns other than SS_OK
 * ends it and is returned (SS_END: as SS_OK). keep NULL: damage ends it; else *skip_count (may be NULL)
 * gets how many places were passed over. Errors: as ss_cursor_next; NOMEM.
 */
SS_API enum ss_status ss_bucket_entries(const struct ss_bucket *bucket,
                                        const struct ss_range *range,
                                        const struct ss_keep_going *keep, ss_entry_fn on_entry,
                                        void *ctx, uint64_t *skip_count, struct ss_error *err);

/* ------------------------------------------------------------------------------- etcd records --- */

/* A revision as etcd orders them: main, then sub. */
struct ss_revision {
    int64_t main;
    int64_t sub;
};

/* One element of the `key` bucket, decoded. Spans borrow from the file. [F9] [F10] */
struct ss_record {
    struct ss_revision rev;
    bool tombstone; /* a deletion: only the key is meaningful */
    bool marker;    /* no byte at sub 0, as `restore --bump-revision` puts: no key, no data */
    struct ss_span key;
    struct ss_span value;
    int64_t create_revision;
    int64_t mod_revision; /* = rev.main; also of tombstones and markers, whose value lacks it */
    int64_t version;
    int64_t lease; /* 0: none */
    uint64_t pgid; /* leaf page and element it stands in */
    uint32_t index;
};

/* Which keys: [from, to) and, if prefix_len > 0, those with the prefix. NULL pointers: no bound. */
struct ss_range {
    const void *from, *to, *prefix;
    size_t from_len, to_len, prefix_len;
};

/* The revisions that a file holds. */
struct ss_rev_facts {
    bool is_etcd;             /* there is a `key` bucket */
    bool empty;               /* it holds no revision: first and last are 0 */
    struct ss_revision first; /* of the first and last element of `key` */
    struct ss_revision last;
    int64_t scheduled_compact; /* main of `meta`'s scheduledCompactRev, or 0 */
    int64_t finished_compact;  /* main of finishedCompactRev, or 0 */
    int64_t compacted;         /* the greater: history before it is not complete */
    int64_t current; /* what etcd will say its revision is: max(last.main, compacted, 1) */
};

/* Errors: META, NOMEM, and what a broken tree or record gives. */
SS_API enum ss_status ss_rev_facts(const struct ss_file *file, struct ss_rev_facts *out,
                                   struct ss_error *err);

/* Decodes one element of `key`. Errors: REV_KEY, RECORD, with the offset of the first wrong byte. */
SS_API enum ss_status ss_record_decode(const struct ss_entry *entry, struct ss_record *out,
                                       struct ss_error *err);

typedef enum ss_status (*ss_record_fn)(void *ctx, const struct ss_record *rec,
                                       struct ss_error *err);

/*
 * Every retained revision with from.main <= main <= to_main, in order, to on_record; what that
 * returns other than SS_OK ends the walk and is returned (SS_END: as SS_OK). to_main 0: to the last.
 * On the calling thread, and on_record is its progress. Errors: NOT_ETCD, and what a broken tree or record gives.
 */
SS_API enum ss_status ss_records(const struct ss_file *file, int64_t from_main, int64_t to_main,
                                 ss_record_fn on_record, void *ctx, struct ss_error *err);

/*
 * The same past damage. keep NULL: ss_records. *skip_count (may be NULL) gets how many places were passed
 * over.
 */
SS_API enum ss_status ss_records_keeping(const struct ss_file *file, int64_t from_main,
                                         int64_t to_main, const struct ss_keep_going *keep,
                                         ss_record_fn on_record, void *ctx, uint64_t *skip_count,
                                         struct ss_error *err);

struct ss_state;

/*
 * The live keys at revision `rev` (0: the latest): for each key its last record with main <= rev,
 * unless that is a tombstone; markers never count. One pass over `key`, in 24 to 40 bytes a live key.
 * `range` NULL: all keys; `call` may be NULL. Errors: NOT_ETCD; REV_FUTURE; REV_COMPACTED when rev < compacted (what
 * compaction removed cannot be told from what never was); NOMEM, IO, CANCELLED; the tree's and
 * records' own. Freed by ss_state_free before ss_close.
 */
SS_API enum ss_status ss_state_new(const struct ss_file *file, int64_t rev,
                                   const struct ss_range *range, const struct ss_call *call,
                                   struct ss_state **out, struct ss_error *err);
SS_API void ss_state_free(struct ss_state *state);

/*
 * The live keys as far as what still stands tells. keep NULL: ss_state_new. Where the last records or the
 * compacted revision are lost, so is what bounds `rev`: it is then taken as it is. *skip_count (may be
 * NULL) gets how many places were passed over.
 */
SS_API enum ss_status ss_state_new_keeping(const struct ss_file *file, int64_t rev,
                                           const struct ss_range *range,
                                           const struct ss_keep_going *keep,
                                           const struct ss_call *call, struct ss_state **out,
                                           uint64_t *skip_count, struct ss_error *err);

/* How many keys, at which revision (as resolved), and the i-th in byte order of the keys. */
SS_API uint64_t ss_state_count(const struct ss_state *state);
SS_API int64_t ss_state_rev(const struct ss_state *state);
SS_API void ss_state_get(const struct ss_state *state, uint64_t i, struct ss_record *out);

/* The record of one key, by binary search; SS_END when it is not live. */
SS_API enum ss_status ss_state_find(const struct ss_state *state, const void *key, size_t key_len,
                                    struct ss_record *out);

/* One retained revision in the history of its key. */
struct ss_history_item {
    struct ss_record rec;
    uint64_t generation;    /* of its key, from 1 for the first that is retained */
    uint64_t missing_count; /* puts of this generation right before it that the file has not got */
    bool is_new_key;
    bool is_new_generation; /* the first that is retained of one */
    bool
        is_compacted; /* the key's first, at or before the compacted revision: what is missing before
                          it, whole generations too, is compaction's work */
};
/* What happened then: "created", "put" or "deleted". Static storage. */
SS_API const char *ss_history_event(const struct ss_history_item *item);

typedef enum ss_status (*ss_history_fn)(void *ctx, const struct ss_history_item *item,
                                        struct ss_error *err);

struct ss_history_opts {
    const void *key;
    size_t key_len;
    bool prefix; /* all keys that begin with it, one after the other in byte order */
    const struct ss_keep_going *keep_going; /* NULL: damage ends the call */
};

struct ss_history_result {
    struct ss_rev_facts facts;
    uint64_t key_count, generation_count, record_count, tombstone_count;
    uint64_t missing_count; /* sum of all */
    uint64_t skip_count;    /* places passed over */
};

/*
 * Every retained revision of a key, in order, to on_item; what that returns other than SS_OK ends it
 * and is returned (SS_END: as SS_OK). A generation lasts from a key's creation to its deletion. None
 * found is SS_OK with record_count 0. One pass over `key`; a single key streams and takes no memory,
 * with a prefix it takes 48 bytes a revision that is found, and nothing is given before the end of
 * the pass. Errors: as ss_records; NOMEM, CANCELLED.
 */
SS_API enum ss_status ss_history(const struct ss_file *file, const struct ss_history_opts *opts,
                                 ss_history_fn on_item, void *ctx, const struct ss_call *call,
                                 struct ss_history_result *result, struct ss_error *err);

/* ------------------------------------------------------------------------------- etcd figures --- */

/* What `etcdutl snapshot status` tells of a file. */
struct ss_etcd_status {
    uint32_t hash; /* CRC-32C: each top-level bucket's name, then its keys and values, in order */
    int64_t revision;     /* main of the last element of `key`; 0: it is empty, or not there */
    uint64_t live_count;  /* totalKey of 3.6 and later: keys that are live at the end, and one more
                             when the last --bump-revision marker is among the records */
    uint64_t entry_count; /* totalKey of 3.4 and 3.5: every element of every top-level bucket */
    uint64_t total_len;   /* totalSize: high-water x page size, whatever the file's own length */
    char version[64];     /* `storageVersion` of `meta`; "" before 3.6, or when it is no version */
};

/*
 * One pass over all top-level buckets; what stands in buckets inside them does not count, as with
 * etcdutl. Serves any bbolt file; without a `key` bucket revision and live_count are 0. The integrity
 * of pages that the walk does not meet is ss_verify's matter. Memory: an index over live keys, at most
 * 40 bytes each. `call` may be NULL; the total of its progress is the database's length. Errors: META, NOMEM, IO,
 * CANCELLED, what a broken tree gives, REV_KEY and RECORD, BUCKET for a plain key among the buckets.
 */
SS_API enum ss_status ss_etcd_status(const struct ss_file *file, const struct ss_call *call,
                                     struct ss_etcd_status *out, struct ss_error *err);

/* What the `key` bucket holds. Bytes are those of the users' keys and values, without overhead. */
struct ss_key_figures {
    uint64_t record_count; /* elements: puts, tombstones and markers */
    uint64_t tombstone_count;
    uint64_t marker_count;
    uint64_t live_count; /* keys that are alive at the end; as ss_state_count */
    uint64_t key_len;    /* of all records */
    uint64_t value_len;
    uint64_t live_key_len; /* of the live keys' last records */
    uint64_t live_value_len;
};

/*
 * One pass over `key`. Memory and progress as ss_etcd_status. Errors: NOT_ETCD; NOMEM, IO, CANCELLED;
 * what a broken tree or record gives, and then the figures are of what stands before it.
 */
SS_API enum ss_status ss_key_figures(const struct ss_file *file, const struct ss_call *call,
                                     struct ss_key_figures *out, struct ss_error *err);

/* What `etcdutl hashkv` and a member's HashKV tell, so that members can be compared. */
struct ss_hashkv {
    uint32_t hash;
    int64_t revision;         /* hashed up to and with this main revision */
    int64_t compact_revision; /* -1: never compacted */
};

/*
 * CRC-32C over the name `key` and each element of that bucket with main <= rev (0: the current one), as
 * etcd 3.7 defines it. Of what lies at or before the compacted revision only live keys' records count,
 * as long as there are any, and never a tombstone at it. compact_rev 0: the file's own compaction;
 * else computed as a member would that is compacted there, which needs the file's own <= compact_rev
 * <= rev. Memory and progress as ss_etcd_status. Errors: NOT_ETCD; REV_FUTURE and REV_COMPACTED, which
 * name both revisions; ARGUMENT when compact_rev > rev; NOMEM, IO, CANCELLED; the tree's and records'.
 */
SS_API enum ss_status ss_hashkv(const struct ss_file *file, int64_t rev, int64_t compact_rev,
                                const struct ss_call *call, struct ss_hashkv *out,
                                struct ss_error *err);

/* ------------------------------------------------------------------------------- etcd buckets --- */

/*
 * What etcd keeps beside its keys. Elements come in the order of their bucket, and a bucket that is
 * not there counts as empty. An element that cannot be decoded goes to on_fault (may be NULL) with
 * its place, is counted in *fault_count, and the rest is read on; a broken tree ends the call.
 * Callbacks return false to stop. What a callback is given is valid until it returns, except spans,
 * which borrow from the file. Text and spans are as the file has them, not escaped.
 * Errors of all: META; NOMEM; SS_E_IO; and what a broken tree gives.
 */

/* Whether etcd 3.4 to 3.7 keep a top-level bucket of this name. */
SS_API bool ss_etcd_bucket_known(const void *name, size_t len);

/* A member of the cluster, or the id of one that was removed. [F11] */
struct ss_member {
    uint64_t id;       /* from the element's key: what etcd goes by */
    uint64_t value_id; /* "id" of the value; = id when the value has none, as etcd takes it */
    bool removed;      /* it stands in `members_removed`: nothing but the id is known */
    bool is_learner;
    /*
     * Text of the value's JSON, decoded as Go decodes it: UTF-8, in which NUL may stand; one more NUL
     * stands behind each. Valid until the callback returns.
     */
    struct ss_span name; /* empty until the member has started for the first time */
    const struct ss_span *peer_urls;
    const struct ss_span *client_urls;
    size_t peer_url_count, client_url_count;
    uint64_t off; /* of the value; with page and element */
    uint64_t pgid;
    uint32_t index;
};
typedef bool (*ss_member_fn)(void *ctx, const struct ss_member *member);

/* Buckets `members`, then `members_removed`. */
SS_API enum ss_status ss_members(const struct ss_file *file, ss_member_fn on_member,
                                 ss_fault_fn on_fault, void *ctx, uint64_t *fault_count,
                                 struct ss_error *err);

/* A lease; times are seconds. [F11] */
struct ss_lease {
    int64_t id;            /* of the value: what etcd goes by; may be negative */
    int64_t key_id;        /* of the element's key: the same in a sound file */
    int64_t ttl;           /* as granted */
    int64_t remaining_ttl; /* at the last checkpoint; 0: none was written, the whole ttl counts */
    uint64_t off;          /* of the value; with page and element */
    uint64_t pgid;
    uint32_t index;
};
typedef bool (*ss_lease_fn)(void *ctx, const struct ss_lease *lease);

SS_API enum ss_status ss_leases(const struct ss_file *file, ss_lease_fn on_lease,
                                ss_fault_fn on_fault, void *ctx, uint64_t *fault_count,
                                struct ss_error *err);

/* A raised alarm. [F11] */
struct ss_alarm {
    uint64_t member_id;
    int32_t type; /* 1: NOSPACE, 2: CORRUPT */
    uint64_t off; /* of the key, which holds it all; with page and element */
    uint64_t pgid;
    uint32_t index;
};
typedef bool (*ss_alarm_fn)(void *ctx, const struct ss_alarm *alarm);

SS_API enum ss_status ss_alarms(const struct ss_file *file, ss_alarm_fn on_alarm,
                                ss_fault_fn on_fault, void *ctx, uint64_t *fault_count,
                                struct ss_error *err);

/* etcd's name of an alarm type: "NONE", "NOSPACE", "CORRUPT"; "UNKNOWN". Static storage. */
SS_API const char *ss_alarm_name(int32_t type);

/* A user. [F11] */
struct ss_user {
    struct ss_span key;      /* the element's key: the name by which etcd finds it */
    struct ss_span name;     /* of the value: the same in a sound file */
    struct ss_span password; /* bcrypt hash, a secret; empty: none is set */
    bool no_password;        /* made for certificates only */
    const struct ss_span *roles;
    size_t role_count;
    uint64_t off; /* of the value; with page and element */
    uint64_t pgid;
    uint32_t index;
};

enum ss_permission_type {
    SS_PERMISSION_READ,
    SS_PERMISSION_WRITE,
    SS_PERMISSION_READWRITE
};

/* Which keys a role may use: one key, [key, range_end), or with range_end = "\0" all from key on. */
struct ss_permission {
    int32_t type; /* enum ss_permission_type */
    struct ss_span key;
    struct ss_span range_end; /* empty: the one key */
};

/* A role. [F11] */
struct ss_role {
    struct ss_span key;
    struct ss_span name;
    const struct ss_permission *permissions;
    size_t permission_count;
    uint64_t off;
    uint64_t pgid;
    uint32_t index;
};

/* "READ", "WRITE", "READWRITE", "UNKNOWN". Static storage. */
SS_API const char *ss_permission_name(int32_t type);

/* Bucket `auth`. */
struct ss_auth_facts {
    bool enabled;
    bool has_revision;
    uint64_t revision;
};

/* Any callback may be NULL. */
struct ss_auth_ops {
    bool (*on_user)(void *ctx, const struct ss_user *user);
    bool (*on_role)(void *ctx, const struct ss_role *role);
    ss_fault_fn on_fault;
};

/* Buckets `auth` (into *facts), `authRoles`, then `authUsers`. */
SS_API enum ss_status ss_auth(const struct ss_file *file, const struct ss_auth_ops *ops, void *ctx,
                              struct ss_auth_facts *facts, uint64_t *fault_count,
                              struct ss_error *err);

/* An element of `meta` or `cluster` that no etcd from 3.4 to 3.7 writes. */
struct ss_extra {
    const char *bucket;
    struct ss_span key;
    struct ss_span value;
    uint64_t pgid;
    uint32_t index;
};

/* raft's ConfState, as etcd last applied it. */
struct ss_conf_state {
    uint64_t *voters, *learners, *voters_outgoing, *learners_next;
    size_t voter_count, learner_count, voters_outgoing_count, learners_next_count;
    bool auto_leave;
};

/* Buckets `meta` and `cluster`. What cannot be decoded is a fault and has_ is false. [F11] */
struct ss_etcd_meta {
    bool has_consistent_index, has_term, has_conf_state;
    bool has_scheduled_compact, has_finished_compact, has_downgrade;
    uint64_t consistent_index;       /* of the last raft entry applied */
    uint64_t term;                   /* of that entry; since 3.5 */
    struct ss_conf_state conf_state; /* since 3.5 */
    struct ss_revision scheduled_compact, finished_compact;
    char *storage_version; /* since 3.6; NULL: none */
    char *cluster_version; /* NULL: none */
    bool downgrade_enabled;
    char *downgrade_target; /* "" when no downgrade is under way; NULL: has_downgrade is false */
    struct ss_extra *extras;
    size_t extra_count;
};

/* *out is freed with ss_etcd_meta_free, before ss_close. */
SS_API enum ss_status ss_etcd_meta_new(const struct ss_file *file, ss_fault_fn on_fault, void *ctx,
                                       uint64_t *fault_count, struct ss_etcd_meta **out,
                                       struct ss_error *err);
SS_API void ss_etcd_meta_free(struct ss_etcd_meta *meta);

/* ---------------------------------------------------------------------------------- etcd boot --- */

/* Release lines of etcd. */
enum ss_etcd_line {
    SS_ETCD_3_4,
    SS_ETCD_3_5,
    SS_ETCD_3_6,
    SS_ETCD_3_7,
    SS_ETCD_LINES /* how many */
};

/* "3.4" to "3.7". Static storage. */
SS_API const char *ss_etcd_line_name(enum ss_etcd_line line);

/* Why a release does not start on a file. [F18] */
enum ss_boot_why {
    SS_BOOT_STARTS,
    SS_BOOT_NOT_ETCD,
    SS_BOOT_BYTE_ORDER,          /* big-endian: on a machine of that order only */
    SS_BOOT_STORAGE_NEWER,       /* storageVersion above its own */
    SS_BOOT_STORAGE_OLDER,       /* below 3.5 */
    SS_BOOT_STORAGE_MAJOR,       /* not 3 */
    SS_BOOT_CLUSTER_NEWER,       /* clusterVersion above MAJOR.MINOR.0 of its own */
    SS_BOOT_CLUSTER_MALFORMED,   /* clusterVersion is no version */
    SS_BOOT_DOWNGRADE_TARGET,    /* an enabled downgrade is to another release */
    SS_BOOT_DOWNGRADE_MALFORMED, /* the element `downgrade` cannot be read */
    SS_BOOT_DAMAGED,             /* ss_summary only: the file must not be started */
    SS_BOOT_HASH,                /* ss_summary only: its own restore refuses the trailing hash */
    SS_BOOT_CLUSTER_INCAPABLE, /* clusterVersion is one that it knows nothing of, and never raises */
    SS_BOOT_ROLE_NOT_UTF8,     /* a user's role is no UTF-8, which its protobuf refuses */
    SS_BOOT_TXID_END,          /* bbolt's transaction id is near its end: commits would be lost */
    SS_BOOT_REVISION_END       /* the revision is the last that there is: no put succeeds */
};

/*
 * From this transaction id on a file counts as being at its end. bbolt takes the meta with the higher id,
 * and 2^64 - 1 is followed by 0; a server that commits a thousand times a second needs 292 million
 * years to here, and as many again to there.
 */
#define SS_TXID_END (UINT64_C(1) << 63)

/* "starts", "storage-newer", … Static storage. */
SS_API const char *ss_boot_why_name(enum ss_boot_why why);

struct ss_boot_answer {
    bool starts; /* and serves: it takes requests, and keeps what is written */
    enum ss_boot_why why;
    char reason[160]; /* one printable sentence without a final stop; "" when it starts */
};

/* Who wrote a file, and who starts on it. */
struct ss_boot_facts {
    bool is_etcd;                               /* there is a `key` bucket */
    struct ss_boot_answer lines[SS_ETCD_LINES]; /* by enum ss_etcd_line */
    /* The least release that writes what is there, or has members only of it and later ones;
       0, 0: nothing that 3.4 or an older one does not write as well. */
    uint64_t writer_major, writer_minor;
    bool storage_version_malformed; /* there is one, and 3.6 and later take it for none */
    bool downgrading;               /* an enabled downgrade stands in `cluster` */
    char downgrade_target[72];      /* "3.5.0"; "" unless downgrading */
};

/*
 * Which release starts a server from this file, once its own `snapshot restore` (of 3.4: etcdctl's) has
 * made a data directory of it: what `meta`, `cluster` and `authUsers` say decides, the transaction id and
 * the revision, by the rules that each release applies. Whether restore takes the file (the trailing hash)
 * and whether its trees and records are sound is not looked at: ss_hash_check, ss_verify. Reads a handful
 * of pages, and those of the users. ss_restore writes a new transaction id, etcd's own restore keeps it.
 * Errors: META, IO, NOMEM, and what a broken tree on the way gives.
 */
SS_API enum ss_status ss_boot_facts(const struct ss_file *file, struct ss_boot_facts *out,
                                    struct ss_error *err);

/*
 * Writes "etcd 3.4, 3.5 and 3.7" into buf, at most cap bytes with the NUL, and returns buf: the releases
 * that start, or do not, and have that reason (NULL: any). "" when there are none; cap 64 always suffices.
 */
SS_API char *ss_boot_releases(const struct ss_boot_facts *boot, bool starts, const char *reason,
                              char *buf, size_t cap);

/* The same of what ss_restore, or ss_convert with rebuild, would write of it: its transaction id is new. */
SS_API enum ss_status ss_boot_facts_rebuilt(const struct ss_file *file, struct ss_boot_facts *out,
                                            struct ss_error *err);

/* ----------------------------------------------------------------------------------------- WAL --- */

/* What a member's log says, all its segments read in order. Indexes are raft's. [F15] */
struct ss_wal_facts {
    uint64_t file_count, record_count;
    uint64_t node_id, cluster_id;
    uint64_t term, vote, commit;      /* of the last hard state */
    uint64_t snapshot_index;          /* of the last snapshot record */
    uint64_t entry_first, entry_last; /* of the log without gaps that ends it; 0: no entries */
    uint64_t entry_last_term;
    uint64_t beyond_count;     /* entries above the index that was asked about */
    uint64_t beyond_committed; /* those of them that the log knows to be committed */
    bool torn;                 /* the last record is half written: etcd cuts it off */
};

/*
 * Reads the *.wal files of a folder, as etcd 3.4 to 3.7 write them, and counts the entries above
 * `applied`, such as the db's consistent_index: copying the db alone loses these. Nothing is locked or
 * written; beside a running member the end may look torn. Errors: NOT_FOUND (no segments), IO, NOMEM;
 * FIELD (CORRUPT) with the segment's name and the offset in it: a sum, record or segment is wrong.
 */
SS_API enum ss_status ss_wal_read(const char *dir, uint64_t applied, struct ss_wal_facts *out,
                                  struct ss_error *err);

/* The log that belongs to an open db, and what the db alone lacks. */
struct ss_source_wal {
    char *dir;           /* MEMBER/wal for MEMBER/snap/db; NULL: none was found */
    bool in_archive;     /* `dir` is in the archive that the db came from: seen, not read */
    uint64_t file_count; /* its segments */
    bool has_applied;    /* else the db does not say, and facts.beyond_count is 0 */
    uint64_t applied;    /* the db's consistent_index */
    bool is_read;        /* `facts` is filled; else, but in an archive, `err` says why not */
    struct ss_wal_facts facts;
    struct ss_error err;
};

/*
 * Looks for the log of the member that `file` was opened in, by the names that etcd gives, and reads it as
 * ss_wal_read. Of standard input, memory and a packed file none is found; of an archive the names alone
 * tell. A log that cannot be read is no error here: out->err. Freed by ss_source_wal_fini.
 * Errors: NOMEM, IO.
 */
SS_API enum ss_status ss_source_wal(const struct ss_file *file, struct ss_source_wal *out,
                                    struct ss_error *err);
SS_API void ss_source_wal_fini(struct ss_source_wal *wal);

/* -------------------------------------------------------------------------------------- verify --- */

enum ss_severity {
    SS_SEVERITY_NOTE,    /* worth knowing; the file may be sound */
    SS_SEVERITY_WARNING, /* unusual or weak; etcd runs with it */
    SS_SEVERITY_ERROR    /* damage, or what etcd refuses: the file is not sound */
};

/* "note", "warning", "error". Static storage. */
SS_API const char *ss_severity_name(enum ss_severity severity);

/* One row of the catalogue of checks; docs/checks.md explains each. Static storage. */
struct ss_check {
    const char *id; /* stable: "PAGE-004" */
    enum ss_severity severity;
    const char *text; /* what it means, in one line */
};

/* How many checks there are, and the i-th, in the catalogue's order. */
SS_API size_t ss_check_count(void);
SS_API const struct ss_check *ss_check_at(size_t i);

/* Evidence, with its place. Strings are printable and belong to the report. */
struct ss_finding {
    const struct ss_check *check;
    uint64_t off;       /* absolute file offset, or SS_NONE */
    uint64_t pgid;      /* or SS_NONE */
    uint64_t element;   /* number in its page, or SS_NONE */
    const char *bucket; /* path, "" when none applies */
    const char *detail; /* what exactly; one sentence without place or final stop */
    const char *have;   /* value found and value due; "" when it is no matter of one value */
    const char *expect;
};

/* The trailing SHA-256, told from the file's size and from its meta alike. [F8] */
enum ss_hash_state {
    SS_HASH_NOT_CHECKED, /* not asked for */
    SS_HASH_NO_DB,       /* no bbolt file and no hash: nothing to say */
    SS_HASH_VALID,
    SS_HASH_MISMATCH,
    SS_HASH_ZERO, /* 32 zero bytes stand where it belongs */
    SS_HASH_ABSENT,
    SS_HASH_CUT /* the file ends inside it, or before all pages are there */
};

/* "valid", "mismatch", "zero", "absent", "cut", "no-db", "not-checked". Static storage. */
SS_API const char *ss_hash_state_name(enum ss_hash_state state);

struct ss_hash_report {
    enum ss_hash_state state;
    uint64_t covered_len; /* bytes that the hash is over; 0 when none was computed */
    uint8_t found_len;    /* bytes of it that the file has: 0 to 32 */
    bool computed;        /* `expected` is filled */
    uint8_t found[32];    /* as the file has it */
    uint8_t expected[32]; /* as computed over covered_len bytes */
    /*
     * VALID only: bytes of one value, 0x00, 0x1a or 0xff, that a file transfer left behind the hash, which
     * stands at the high-water mark. etcd's own restore then finds no hash, or a wrong one.
     */
    uint64_t padding_len;
    uint8_t padding_byte;
};

/*
 * Computes and judges the trailing hash alone, which reads the whole file once.
 * Errors: IO, CANCELLED, NOMEM.
 */
SS_API enum ss_status ss_hash_check(const struct ss_file *file, const struct ss_call *call,
                                    struct ss_hash_report *out, struct ss_error *err);

struct ss_hash_work;

/*
 * The same beside other calls on the file: start it, make those calls, and finish it, which waits for
 * it and frees it. It runs on a thread of its own, which the calls on this file meanwhile count as one of
 * theirs, unless `call` allows one thread only, there is one processor only, or there is little to compute:
 * then finish does it all. Start's progress is called once; what the hash comes to is told by finish. Errors of
 * start: NOMEM, CANCELLED, and *out is NULL; of finish: as ss_hash_check.
 */
SS_API enum ss_status ss_hash_start(const struct ss_file *file, const struct ss_call *call,
                                    struct ss_hash_work **out, struct ss_error *err);
SS_API enum ss_status ss_hash_finish(struct ss_hash_work *work, const struct ss_call *call,
                                     struct ss_hash_report *out, struct ss_error *err);

/* Ends it without an answer, and frees it; also before ss_close. NULL is fine. */
SS_API void ss_hash_cancel(struct ss_hash_work *work);

/* What a copy in text mode, which turns line ends into those of another system, did to a file. */
enum ss_text_mode_change {
    SS_TEXT_MODE_NONE,
    SS_TEXT_MODE_ADDED,  /* 0x0d stands before every 0x0a */
    SS_TEXT_MODE_REMOVED /* 0x0d is gone wherever it stood before 0x0a */
};

struct ss_text_mode {
    enum ss_text_mode_change change;
    uint64_t count;     /* bytes that were added, or by which the last page found stands early */
    uint64_t off;       /* of the first one added; of the first page that stands early */
    uint64_t pgid;      /* REMOVED: that page; else SS_NONE */
    uint64_t fit_count; /* page headers that prove it: they fit only where the change put them */
    bool
        hash_right; /* ADDED: without these bytes the trailing hash is right: the source is whole */
};

/*
 * Whether such a copy explains the damage of a file: the bytes prove it, or NONE is said. Not found are removed bytes in
 * a meta page, or behind the last page header. Costs a sound file nothing; a pass or two over one that was changed.
 * Errors: IO, NOMEM, CANCELLED.
 */
SS_API enum ss_status ss_text_mode(const struct ss_file *file, const struct ss_call *call,
                                   struct ss_text_mode *out, struct ss_error *err);

enum {
    SS_VERIFY_HASH = 1,
    SS_VERIFY_STRUCTURE = 2,
    SS_VERIFY_ETCD = 4,
    SS_VERIFY_ALL = 7
};

struct ss_verify_opts {
    unsigned what;         /* SS_VERIFY_*, 0: all */
    uint64_t max_findings; /* how many are kept; 0: 1000. The counts are always true */
    bool require_hash;     /* an absent hash is an error */
};

enum ss_verdict {
    SS_VERDICT_SOUND,      /* all that was asked for was checked, and no error was found */
    SS_VERDICT_CONSISTENT, /* no error, but value bytes cannot be vouched for: no hash, or not asked */
    SS_VERDICT_DAMAGED,    /* at least one error */
    SS_VERDICT_UNREADABLE /* no bbolt file, or no usable meta: nothing could be walked */
};

/* "sound", "consistent", "damaged", "unreadable". Static storage. */
SS_API const char *ss_verdict_name(enum ss_verdict verdict);

/* The tree of the meta page that is not read, as ss_other_tree finds it. */
struct ss_other_tree {
    bool exists; /* its meta is valid and names another root page; else the rest is 0 */
    int which;   /* its meta page */
    uint64_t txid;
    bool is_etcd;
    uint64_t error_count; /* of its pages, and of its records when it is etcd's; 0: it is whole */
    const struct ss_check *first; /* the first error, and its place or SS_NONE */
    uint64_t first_off, first_pgid;
    uint64_t record_count, live_count; /* of `key`, as far as it can be read */
};

/*
 * How the other tree stands. Worth a look when the one that is read is damaged: until the commit after
 * next bbolt overwrites nothing of an older state, so that it may be whole. Checks all that ss_verify does
 * but the hash, and takes as long again. Errors: as ss_file_readable; IO, NOMEM, CANCELLED.
 */
SS_API enum ss_status ss_other_tree(const struct ss_file *file, const struct ss_call *call,
                                    struct ss_other_tree *out, struct ss_error *err);

/* Main revisions from first to last, both included. */
struct ss_revision_range {
    int64_t first, last;
};

#define SS_MISSING_RANGES_MAX 64u

struct ss_verify_report {
    enum ss_verdict verdict;
    char verdict_text[320];  /* the verdict in one honest line */
    unsigned checked;        /* SS_VERIFY_* that were really checked */
    bool is_etcd;            /* `key` and another of etcd's buckets are there: its checks apply */
    int meta, in_force_meta; /* whose tree was read, and whose bbolt takes; -1: none is usable */
    uint64_t txid;           /* of the former. The hash is over all bytes, whichever is read */
    struct ss_hash_report hash;
    struct ss_text_mode text_mode;
    uint64_t error_count, warning_count, note_count; /* all, also those not kept */
    uint64_t
        freelist_error_count; /* of error_count: the stored freelist's own (FREE-001 to FREE-005),
                                      which lose no data and which a rebuild leaves behind */
    uint64_t
        start_error_count; /* of error_count: META-011 and REV-006, numbers at their end: the data are
                                   whole, and no etcd works on with them */
    size_t finding_count; /* kept */
    const struct ss_finding *findings;
    uint64_t reachable_count, free_count, leaked_count; /* pages; a freelist's own are reachable */
    uint64_t record_count, live_count;                  /* of `key` */
    uint64_t missing_count; /* main revisions above the compaction that no record read has, */
    int64_t missing_first, missing_last; /* and where they lie; both 0 when there are none */
    uint64_t missing_range_count;        /* unbroken ranges of them, also those not kept */
    struct ss_revision_range missing[SS_MISSING_RANGES_MAX]; /* the first of these, in order */
    struct ss_other_tree other; /* looked at only when the tree that was read has errors */
};

/*
 * Checks a file: its hash, the structure of every tree, and what the buckets mean to etcd. A fault
 * never stops the rest. Findings stand in a fixed order (hash, metas, structure in walk order, freelist,
 * etcd), whatever the threads, of which the hash has one. SS_OK: *out is filled, whatever the verdict, and
 * freed by ss_verify_free. `opts` and `call` may be NULL. Errors: IO, NOMEM, CANCELLED.
 * Memory: 3 bits a page, a node a bucket, 24 to 40 bytes a key alive at once, and the findings kept.
 */
SS_API enum ss_status ss_verify(const struct ss_file *file, const struct ss_verify_opts *opts,
                                const struct ss_call *call, struct ss_verify_report **out,
                                struct ss_error *err);
SS_API void ss_verify_free(struct ss_verify_report *report);

/* ------------------------------------------------------------------------------------- summary --- */

/* Whether a file may be restored. */
enum ss_restorable {
    SS_RESTORABLE_YES,
    SS_RESTORABLE_UNHASHED, /* only when the check of its hash is left out: it has none, or padding
                               stands behind it */
    SS_RESTORABLE_REBUILT,  /* only when it is written anew: its stored freelist alone is damaged */
    SS_RESTORABLE_NO,
    SS_RESTORABLE_UNKNOWN /* something that decides was not checked */
};

/* "yes", "skip-hash-check", "rebuild", "no", "unknown". Static storage. */
SS_API const char *ss_restorable_name(enum ss_restorable restorable);

/* The first reason, in the order in which they are looked for. */
enum ss_summary_why {
    SS_SUMMARY_RESTORABLE,
    SS_SUMMARY_HASH_UNCHECKED, /* there is one by size, and it was not checked */
    SS_SUMMARY_HASH_ABSENT,
    SS_SUMMARY_NOT_BBOLT,
    SS_SUMMARY_METAS, /* neither can be used */
    SS_SUMMARY_TRUNCATED,
    SS_SUMMARY_DAMAGED,
    SS_SUMMARY_NOT_ETCD, /* a bbolt file of another program */
    SS_SUMMARY_HASH_MISMATCH,
    SS_SUMMARY_HASH_ZERO,
    SS_SUMMARY_HASH_CUT,
    SS_SUMMARY_FREELIST,
    SS_SUMMARY_NO_RELEASE,  /* none from 3.4 to 3.7 starts on it */
    SS_SUMMARY_HASH_PADDED, /* it is valid, and padding stands behind it */
    SS_SUMMARY_TEXT_MODE    /* a copy in text mode changed the file: looked for before METAS */
};

/* "restorable", "hash-not-checked", "hash-absent", "not-bbolt", … Static storage. */
SS_API const char *ss_summary_why_name(enum ss_summary_why why);

/* What the caller knows already, and how far to look. */
struct ss_summary_opts {
    const struct ss_hash_report *hash; /* of ss_hash_check or ss_hash_finish; NULL: not checked */
    bool trees; /* walk every page of every tree, also where no freelist is stored */
    /* That the caller met in records or elsewhere: more than 0 is damage. VERSION is none: `boot` answers. */
    uint64_t fault_count;
};

struct ss_summary {
    enum ss_restorable restorable;
    enum ss_summary_why why;
    char text[384]; /* the answer in one sentence without a final stop */
    unsigned
        checked; /* SS_VERIFY_*: what the answer rests on. HASH: it was given. STRUCTURE: metas,
                         every tree, the freelist; without it, metas only. What records mean (ETCD)
                         is ss_verify's matter always */
    bool is_etcd;
    enum ss_hash_state hash;   /* as given; else what the file's size alone tells */
    uint8_t hash_found_len;    /* bytes of it that the file has, by its size */
    uint64_t hash_padding_len; /* bytes behind a hash that was given as valid */
    bool boot_known;           /* `boot` is filled */
    struct ss_boot_facts
        boot;              /* as ss_boot_facts has it; but no release starts on a file that must not
                                  be started: SS_BOOT_DAMAGED, SS_BOOT_HASH */
    bool nospace, corrupt; /* an alarm stands, and outlives a restore */
    uint64_t fault_count;  /* opts' own, and what could not be read on the way */
    uint64_t error_count, warning_count, note_count; /* of the findings, also those not kept */
    size_t finding_count;                            /* the first 100 */
    const struct ss_finding *findings;
};

/*
 * The decision on a file: may it be restored, and which etcd starts on it then. Takes what ss_verify's cheap
 * checks know (length, metas, and, where a freelist is stored, that list against every tree), what
 * ss_boot_facts knows, the alarms, and the hash when the caller has it; `checked` says what it rests on.
 * Reads a handful of pages, unless the trees are walked. `opts` and `call` may be NULL. SS_OK: *out is
 * filled, whatever the answer, and freed by ss_summary_free. Errors: IO, NOMEM, CANCELLED, LIMIT.
 */
SS_API enum ss_status ss_summary(const struct ss_file *file, const struct ss_summary_opts *opts,
                                 const struct ss_call *call, struct ss_summary **out,
                                 struct ss_error *err);
SS_API void ss_summary_free(struct ss_summary *summary);

/* ---------------------------------------------------------------------------------------- diff --- */

enum ss_change {
    SS_CHANGE_ADDED,
    SS_CHANGE_REMOVED,
    SS_CHANGE_MODIFIED
};

/* "added", "removed", "modified". Static storage. */
SS_API const char *ss_change_name(enum ss_change change);

/* What differs between two records of one key. */
enum {
    SS_DIFFERS_VALUE = 1,
    SS_DIFFERS_LEASE = 2,
    SS_DIFFERS_REVISION = 4 /* create_revision, mod_revision or version */
};

/* One key that is not alike in both states. The record of a side that lacks it is NULL. */
struct ss_diff_change {
    enum ss_change change;
    unsigned differs; /* SS_DIFFERS_*, of modified keys */
    const struct ss_record *a, *b;
};

struct ss_diff_opts {
    int64_t rev_a, rev_b; /* 0: the latest of each */
    struct ss_range range;
    bool keys_only; /* which keys there are, not what they hold: nothing is "modified" */
    bool ignore_lease;
    bool values_only; /* equal values (and leases) are equal, whatever their revisions */
};

struct ss_diff_result {
    int64_t rev_a, rev_b;      /* as resolved */
    uint64_t count_a, count_b; /* live keys in range */
    uint64_t added, removed, modified, same;
};

/* Which of two files an error is about. */
enum ss_side {
    SS_SIDE_A,
    SS_SIDE_B
};

typedef enum ss_status (*ss_diff_fn)(void *ctx, const struct ss_diff_change *change,
                                     struct ss_error *err);

/*
 * Compares the live keys of two files, or of one file at two revisions, and gives every key that is
 * not alike to on_change (may be NULL) in byte order; what that returns other than SS_OK ends it.
 * Page size, byte order and etcd version may differ. Memory: a state (ss_state_new) a side, which share the
 * threads. Errors: as ss_state_new, and *side (may be NULL) says whose.
 */
SS_API enum ss_status ss_diff(const struct ss_file *a, const struct ss_file *b,
                              const struct ss_diff_opts *opts, ss_diff_fn on_change, void *ctx,
                              const struct ss_call *call, struct ss_diff_result *result,
                              enum ss_side *side, struct ss_error *err);

/* How two histories stand to one another. */
enum ss_lineage_verdict {
    SS_LINEAGE_SAME,        /* the same records, the same compaction */
    SS_LINEAGE_COMPACTED,   /* the same history to the same revision, compacted differently */
    SS_LINEAGE_B_CONTINUES, /* B is A and further revisions */
    SS_LINEAGE_A_CONTINUES,
    SS_LINEAGE_DIVERGED, /* at `divergence` they are not alike, and compaction does not explain it */
    SS_LINEAGE_UNRELATED /* not one record in common; compaction alone may be the reason */
};

/* "same", "compacted-differently", "b-continues-a", "a-continues-b", "diverged", "unrelated". */
SS_API const char *ss_lineage_name(enum ss_lineage_verdict verdict);

struct ss_lineage {
    enum ss_lineage_verdict verdict;
    struct ss_rev_facts facts_a, facts_b;
    bool compacted_differently;
    uint64_t equal_count;    /* records that stand in both, byte for byte */
    uint64_t gone_a, gone_b; /* records of the other side that compaction of this one explains */
    uint64_t further_a, further_b; /* records beyond the other side's last revision */
    uint64_t differing_count;      /* records, on either side, that nothing explains */
    bool has_common; /* last_common: the last revision before the divergence that both */
    struct ss_revision last_common; /* have alike; without one, the last of all */
    struct ss_revision divergence;  /* the first that nothing explains, if differing_count > 0 */
    bool at_a, at_b;                /* which sides have a record there */
    struct ss_record record_a, record_b;
};

/*
 * Walks both histories in step, by revision, and says where they part. Different compaction of equal
 * history is no divergence: a record that only one side has is explained when the other side's
 * compaction would have removed it, or lies beyond all that the first side knows.
 * Memory: an index over the keys live at the higher compaction.
 * Errors: NOT_ETCD, NOMEM, IO, CANCELLED, the trees' and records' own; *side says whose.
 */
SS_API enum ss_status ss_lineage_compare(const struct ss_file *a, const struct ss_file *b,
                                         const struct ss_call *call, struct ss_lineage *out,
                                         enum ss_side *side, struct ss_error *err);

/* A stretch of history that cannot be read: between two revisions that can. */
struct ss_lost_range {
    struct ss_revision after;  /* last one read before it; {0, 0}: from the start */
    struct ss_revision before; /* first one read behind it; {INT64_MAX, 0}: to the end */
    struct ss_error why;       /* the first fault in it */
};
typedef bool (*ss_lost_fn)(void *ctx, const struct ss_lost_range *range);

/*
 * The stretches of the `key` bucket that a damaged file has lost, in order; none of a sound one.
 * Errors: META, NOT_ETCD (also when the bucket itself cannot be found any more), NOMEM, IO, CANCELLED.
 */
SS_API enum ss_status ss_lost_revisions(const struct ss_file *file, ss_lost_fn on_lost, void *ctx,
                                        const struct ss_call *call, uint64_t *lost_count,
                                        struct ss_error *err);

/* --------------------------------------------------------------------------- intake and convert --- */

/* What a fresh trailing hash is worth. */
enum ss_seal {
    SS_SEAL_NONE,         /* no hash was written */
    SS_SEAL_VERIFIED,     /* the input's own hash was valid: the new one says the same */
    SS_SEAL_SYNTHESISED,  /* there was none: the new one vouches for nothing before this run */
    SS_SEAL_OVER_MISMATCH /* there was one and it did not match */
};

/* "none", "verified", "synthesised", "synthesised-over-mismatch". Static storage. */
SS_API const char *ss_seal_name(enum ss_seal seal);

struct ss_intake_opts {
    bool skip_hash_check;    /* go on without a valid hash, if structure and meaning are sound */
    bool allow_missing_hash; /* the same where there is none, but not where one does not match */
    bool vouches_not; /* the output will carry no hash: an absent one is then no reason to refuse */
    bool rebuilds; /* the output is written from the buckets: a damaged freelist is left behind */
};

/*
 * Whether a file may become a restorable one, by rules that are said aloud:
 *
 *   its hash           without a flag                allow_missing_hash   skip_hash_check
 *   valid              accepted                      accepted             accepted; checked all the same
 *   mismatch or zero   refused                       refused              accepted if all else is sound
 *   absent             refused, unless vouches_not   accepted likewise    accepted likewise
 *   cut                refused: bytes are missing    refused              refused
 *
 * and damage in structure or meaning is refused always; but a stored freelist alone that is damaged is no
 * reason to refuse when the output is rebuilt: which pages are free follows from the trees, and these were
 * walked whole.
 */
struct ss_intake {
    bool accepted;
    bool
        heals_freelist; /* accepted over a damaged freelist, which the output has anew, or not at all */
    char decision[384];               /* in words, whichever it is */
    enum ss_seal seal;                /* what a fresh hash would be worth */
    struct ss_verify_report *checked; /* the verification that it rests on */
};

/* Errors: as ss_verify. A refusal is SS_OK with accepted false. Freed by ss_intake_fini. */
SS_API enum ss_status ss_intake(const struct ss_file *file, const struct ss_intake_opts *opts,
                                const struct ss_call *call, struct ss_intake *out,
                                struct ss_error *err);
SS_API void ss_intake_fini(struct ss_intake *intake);

struct ss_convert_opts {
    bool
        rebuild; /* write compact from the buckets; else the pages as they are. Implied for the tree of a
                     meta that is not in force, which pages as they are would not show */
    bool no_hash;
    uint32_t page_size; /* of the output; 0: as the input. Another one implies rebuild */
    int byte_order; /* of the output: 0 as the input, 1 little, 2 big. Another implies rebuild */
    bool store_freelist; /* with rebuild */
};

struct ss_convert_result {
    bool rebuilt;
    uint32_t page_size;
    bool big_endian;
    uint64_t high_water;
    uint64_t txid; /* of the state that was taken; a rebuilt file counts anew from 1 */
    uint64_t out_len;
    bool hashed;
    uint8_t sha256[32]; /* over all that precedes it */
};

/* Whether a conversion is a rebuild: asked for, or implied by page size, byte order, freelist or meta. */
SS_API bool ss_convert_rebuilds(const struct ss_file *file, const struct ss_convert_opts *opts);

/*
 * Writes a db file from one that ss_intake accepts: its pages up to high-water, or a compact rebuild; then the
 * SHA-256 over them. What can be refused at a glance is refused before a byte is written, the rest is checked
 * while `write` takes the output, which its owner must drop unless this returns SS_OK with intake->accepted.
 * Refused: SS_OK, and *result is zeroed. check->rebuilds is as opts have it. A copy of pages as they are
 * computes one hash, over the bytes that it writes. On one thread the check comes first. All calls of `write`
 * come from the calling thread. Errors: as ss_verify, the check's first; OUTPUT; META and PAGE_RANGE when
 * pages are missing; the trees' own. *intake is freed by ss_intake_fini.
 */
SS_API enum ss_status ss_convert(const struct ss_file *file, const struct ss_intake_opts *check,
                                 const struct ss_convert_opts *opts, ss_write_fn write,
                                 void *write_ctx, const struct ss_call *call,
                                 struct ss_intake *intake, struct ss_convert_result *result,
                                 struct ss_error *err);

/*
 * The same without the check, which is then the caller's part: bytes that nobody looked at get a hash that
 * vouches for them. Errors: OUTPUT, NOMEM, CANCELLED, IO; META and PAGE_RANGE when pages are missing; the
 * trees' own.
 */
SS_API enum ss_status ss_convert_unchecked(const struct ss_file *file,
                                           const struct ss_convert_opts *opts, ss_write_fn write,
                                           void *write_ctx, const struct ss_call *call,
                                           struct ss_convert_result *result, struct ss_error *err);

/* ------------------------------------------------------------------------------------- restore --- */

#define SS_RESTORE_NAME_DEFAULT "default"
#define SS_RESTORE_CLUSTER_DEFAULT "default=http://localhost:2380"
#define SS_RESTORE_URLS_DEFAULT "http://localhost:2380"
#define SS_RESTORE_TOKEN_DEFAULT "etcd-cluster"

/* What `etcdutl snapshot restore` takes, with its defaults for NULL, and more. */
struct ss_restore_opts {
    const char *name;     /* this member's name; unused with all_members */
    const char *data_dir; /* NULL: NAME.etcd; with all_members the folder of all, not NULL */
    const char *wal_dir;  /* NULL: DATA-DIR/member/wal; not with all_members */
    const char *initial_cluster;
    const char *token;
    const char *peer_urls;  /* must be this member's in initial_cluster; unused with all_members */
    const char *learners;   /* names with commas of members that start as learners */
    uint64_t bump_revision; /* 0: none. The bumped revision is marked compacted */
    bool all_members;       /* DATA-DIR/NAME for every member of initial_cluster */
    bool dry_run;           /* all checks, nothing written */
    /*
     * ss_restore only; may be NULL. Asked when the input is accepted and all is written, before
     * the first folder gets its name. False: nothing stays, CANCELLED.
     */
    bool (*on_accepted)(void *ctx, const struct ss_intake *intake);
    void *on_accepted_ctx;
};

struct ss_restore_member {
    const char *name;
    uint64_t id;
    bool is_learner;
    const char *peer_urls; /* with commas */
    const char *data_dir;  /* as written, or as it would be; NULL: not written in this run */
};

/* A bump beyond this is refused: behind 2^63 - 1 no put succeeds, and this leaves half of the way. */
#define SS_RESTORE_REVISION_MAX ((INT64_C(1) << 62) - 1)

/* What was, or would be, written. Strings belong to the result. */
struct ss_restore_result {
    uint64_t cluster_id;
    size_t member_count;
    struct ss_restore_member *members; /* by id */
    const char *wal_dir;               /* a WAL folder of its own, or NULL */
    int64_t revision;                  /* what etcd will say of the db that is written */
    int64_t compacted;                 /* > 0: marked compacted by the bump */
    int64_t bumped_from;               /* with a bump: the source's revision as etcd would say it */
    int64_t last_record;               /* and its last record's, from which etcdutl counts */
    uint64_t db_len;                   /* bytes of member/snap/db */
};

/*
 * Writes data directories from which etcd 3.4 to 3.7 boot: member/snap/db rebuilt from the snapshot
 * with the new members, in this machine's byte order, a WAL and a raft snapshot that make them a new
 * cluster. Each folder appears whole or not at all, beside where its path leads, and only when ss_intake
 * accepts the input, always as one that rebuilds; it is checked meanwhile, as by ss_convert. Refused: SS_OK,
 * and nothing stays. Errors: the check's first; ARGUMENT (names, URLs, folders that cannot be
 * made as a whole), EXISTS (folder not empty), OUTPUT, NOMEM, CANCELLED, IO, also when the input was
 * written to meanwhile, NOT_ETCD; the trees' own. On failure nothing stays. *result is freed by
 * ss_restore_result_fini, *intake by ss_intake_fini, also after a failure.
 */
SS_API enum ss_status ss_restore(const struct ss_file *file, const struct ss_intake_opts *check,
                                 const struct ss_restore_opts *opts, const struct ss_call *call,
                                 struct ss_intake *intake, struct ss_restore_result *result,
                                 struct ss_error *err);
SS_API void ss_restore_result_fini(struct ss_restore_result *result);

/* The same without the check, which is then the caller's part. */
SS_API enum ss_status ss_restore_unchecked(const struct ss_file *file,
                                           const struct ss_restore_opts *opts,
                                           const struct ss_call *call,
                                           struct ss_restore_result *result, struct ss_error *err);

/* ----------------------------------------------------------------------------------- salvage --- */

/* Where a record of a salvaged file came from, the most trusted first. */
enum ss_salvage_tier {
    SS_TIER_TREE,   /* the tree of the meta page that is read */
    SS_TIER_BROKEN, /* a page that this tree names and that cannot be entered, element by element */
    SS_TIER_OLDER,  /* the tree of the other meta page, or of a root page found by its form */
    SS_TIER_ORPHAN, /* a sound page of no tree, of revisions that the tree has lost */
    SS_TIER_FREED,  /* a sound page of no tree, of revisions that the tree gave up: deleted data */
    SS_TIER_SLACK   /* bytes that no page accounts for */
};
#define SS_TIER_COUNT 6

/* "tree", "broken-page", "older-tree", "orphan", "freed", "slack". Static storage. */
SS_API const char *ss_salvage_tier_name(enum ss_salvage_tier tier);

/* Pages, one behind the other, that cannot be read for the same reason. */
struct ss_salvage_damage {
    uint64_t first_page, page_count; /* first_page SS_NONE: it is no page's */
    uint64_t off, len;
    struct ss_error why; /* of the first */
};

/* Main revisions, one behind the other, that the salvaged file has not got. */
struct ss_salvage_lost {
    int64_t first, last; /* both included; last INT64_MAX: how far they went is not known */
    bool certain;        /* else compaction may have removed them before, or they never were */
    uint64_t pgid;       /* a page that held them, SS_NONE: not known */
};

/* Two records of one revision with other bytes. The first one is kept. */
struct ss_salvage_conflict {
    struct ss_record kept, other;
    uint64_t kept_off, other_off; /* of their keys */
    enum ss_salvage_tier kept_tier, other_tier;
};

/* Zero-initialise, then set what matters. Callbacks may be NULL; each is called in a fixed order. */
struct ss_salvage_opts {
    bool include_freed; /* also what was deleted: all records that freed pages and slack hold */
    void (*on_damage)(void *ctx, const struct ss_salvage_damage *damage);
    void (*on_lost)(void *ctx, const struct ss_salvage_lost *lost);
    void (*on_conflict)(void *ctx, const struct ss_salvage_conflict *conflict);
    void *ctx;
};

enum ss_salvage_outcome {
    SS_SALVAGE_SOUND,   /* ss_verify has no error in it: the output says the same */
    SS_SALVAGE_DAMAGED, /* all that could be saved was written */
    SS_SALVAGE_NOTHING  /* there is nothing to save, and nothing was written */
};

/* "sound", "damaged", "nothing". Static storage. */
SS_API const char *ss_salvage_outcome_name(enum ss_salvage_outcome outcome);

/* Places of the file, a page long each, by what the tree and their headers make of them. */
struct ss_salvage_places {
    uint64_t meta_count;
    uint64_t tree_count;      /* of the tree that was read, sound, further pages of runs included */
    uint64_t broken_count;    /* named by that tree, and not to be entered */
    uint64_t older_count;     /* only of another tree */
    uint64_t orphan_count;    /* sound pages of no tree, runs included: freed, or lost */
    uint64_t misplaced_count; /* of no tree, with the header of another page */
    uint64_t empty_count;     /* zeroes */
    uint64_t unreadable_count; /* anything else */
    uint64_t beyond_count;     /* of all these: at or beyond high-water */
};

/* What became of one of etcd's buckets other than `key`. */
struct ss_salvage_bucket {
    const char *name;          /* static */
    bool present;              /* it is in the output */
    enum ss_salvage_tier tier; /* TREE or OLDER: where it came from */
    bool whole;                /* nothing was passed over in it */
    uint64_t element_count, dropped_count;
};
#define SS_SALVAGE_BUCKETS_MAX 10

struct ss_salvage_report {
    enum ss_salvage_outcome outcome;
    bool is_etcd;
    uint32_t page_size;
    bool big_endian;
    bool inferred;      /* page size and byte order are the page headers', not a meta page's */
    int meta;           /* whose tree was read; -1: none, and root_page was found by its form */
    uint64_t root_page; /* SS_NONE: no root was found, only leaves */
    uint64_t txid;      /* of that meta */
    bool older_whole;   /* the other meta's tree is whole: reading that needs no salvage */
    int older_meta;
    uint64_t older_txid;
    struct ss_salvage_places places;
    uint64_t record_count;              /* in the output */
    uint64_t tier_count[SS_TIER_COUNT]; /* of them, by where they came from */
    uint64_t freed_left_count;          /* found in freed pages or slack and left there */
    uint64_t conflict_count;
    uint64_t lost_count;          /* ranges */
    uint64_t lost_revision_count; /* of the certain ones */
    int64_t last_revision;
    int64_t compact_mark; /* set over the lost revisions; 0: as it was */
    bool index_made;      /* consistent_index was lost, and made anew */
    struct ss_salvage_bucket buckets[SS_SALVAGE_BUCKETS_MAX];
    size_t bucket_count;
    uint64_t other_element_count, other_dropped_count; /* of buckets that are not etcd's */
    uint64_t high_water, out_len;
    uint8_t sha256[32];
};

/*
 * Writes a new, sound, sealed db file of all that can still be read, from any file whose page size is known or
 * can be told from its pages: the newest consistent state. What stands in the tree is taken; of lost
 * subtrees, records from elsewhere whose revisions fall into the gap that the records around it leave. A record is
 * taken only when it decodes whole and agrees with its key; of several with one revision the most
 * trusted. Where revisions are lost a compaction is scheduled at the last one, as after a bump of the revision:
 * the history before is not whole. `write` NULL: all but the writing. `call` may be NULL.
 * Memory: 32 to 48 bytes a record. Errors: as ss_verify; OUTPUT; LIMIT.
 */
SS_API enum ss_status ss_salvage(const struct ss_file *file, const struct ss_salvage_opts *opts,
                                 ss_write_fn write, void *write_ctx, const struct ss_call *call,
                                 struct ss_salvage_report *report, struct ss_error *err);

/* -------------------------------------------------------------------------------------- rows --- */

/*
 * What can be listed is a table: it names its columns, and rows of it are pulled one by one.
 *
 *   ss_table_find("leases") ── ss_rows_open(file, table, query) ── ss_rows_next ── ss_rows_value
 *                                                                      └── until SS_END
 *
 * A value is decoded when it is asked for, and only then. Names of tables and columns are stable; a
 * program that prints any table needs to know nothing but this.
 */

enum ss_type {
    SS_TYPE_BOOL,
    SS_TYPE_INT,   /* int64_t */
    SS_TYPE_UINT,  /* uint64_t */
    SS_TYPE_ID,    /* uint64_t, of a lease, member or cluster: 16 hexadecimal digits for people */
    SS_TYPE_TEXT,  /* printable UTF-8, by the library's own making or escaped */
    SS_TYPE_BYTES, /* as the file has them: often UTF-8, never to be relied on */
    SS_TYPE_LIST   /* of bytes */
};

/* "bool", "int", "uint", "id", "text", "bytes", "list". Static storage. */
SS_API const char *ss_type_name(enum ss_type type);

enum ss_unit {
    SS_UNIT_NONE,
    SS_UNIT_BYTES,
    SS_UNIT_SECONDS,
    SS_UNIT_REVISION,
    SS_UNIT_PAGE,  /* a page id */
    SS_UNIT_OFFSET /* an absolute file offset */
};

/* "", "bytes", "seconds", "revision", "page", "offset". Static storage. */
SS_API const char *ss_unit_name(enum ss_unit unit);

/* A value of one row. Bytes borrow from the file, or live until the next ss_rows_next or _close. */
struct ss_value {
    enum ss_type type;
    bool known; /* false: it does not apply to this row, or the file does not say */
    union {
        bool truth;
        int64_t integer;
        uint64_t number;      /* UINT and ID */
        struct ss_span bytes; /* TEXT and BYTES */
        struct {
            const struct ss_span *items;
            size_t count;
        } list;
    } is;
};

struct ss_column {
    const char *name;  /* "mod_revision": of the JSON member, of the SQL column */
    const char *title; /* "REVISION": over a column of text */
    enum ss_type type;
    enum ss_unit unit;
    bool optional;   /* a row may have no such value: ss_value's known is then false */
    bool on_request; /* given only when a query names it: secrets, and what costs a read */
    const char *doc; /* one line without a stop */
};

struct ss_table_ops; /* the library's own */

struct ss_table {
    const char *name; /* "leases" */
    const char *row;  /* what one row is: "a lease" */
    const char *doc;  /* one line without a stop */
    const struct ss_column *columns;
    size_t column_count; /* at most 64 */
    const struct ss_table_ops *ops;
};

/* How many tables there are, the i-th, and the one of a name; NULL: none. Static storage. */
SS_API size_t ss_table_count(void);
SS_API const struct ss_table *ss_table_at(size_t i);
SS_API const struct ss_table *ss_table_find(const char *name);

/* The number of a column by its name, or SIZE_MAX. */
SS_API size_t ss_table_column(const struct ss_table *table, const char *name);

/*
 * Which rows. Zero-initialise, then set what matters; a table passes over what does not apply to it.
 * What the query points at is borrowed until ss_rows_close.
 */
struct ss_query {
    uint64_t columns; /* bit i: column i will be asked for; 0: all that are not on request */
    uint64_t limit;   /* rows; 0: all */

    struct ss_range range;      /* keys, revisions, entries, differences: which keys */
    int64_t rev;                /* keys: at this revision; 0: the latest */
    int64_t from_rev, to_rev;   /* revisions: from and to these, both included; 0: no bound */
    const struct ss_span *path; /* entries: of this bucket; NULL or count 0: the root bucket */
    size_t path_count;
    const struct ss_file *other; /* differences: side B; must outlive the rows */
    int64_t other_rev;           /* and its revision; `rev` is that of side A */

    ss_fault_fn on_fault; /* damage that does not end the rows; may be NULL */
    void *fault_ctx;
    const struct ss_keep_going *keep_going; /* buckets, entries: past damage; NULL: not */
};

struct ss_rows;

/*
 * Opens a table over a file, which must outlive the rows. What is needed before the first row (an index of
 * the live keys, a walk of all trees) is done here, and `call` is about that. Errors: those of the call
 * that the table stands on (ss_state_new for keys, ss_pages for pages, …); ARGUMENT; NOMEM.
 */
SS_API enum ss_status ss_rows_open(const struct ss_file *file, const struct ss_table *table,
                                   const struct ss_query *query, const struct ss_call *call,
                                   struct ss_rows **out, struct ss_error *err);

/*
 * The next row: SS_OK, or SS_END behind the last one. Errors: damage that ends the rows, as of the call
 * that the table stands on; then, as behind the end, only close may follow.
 */
SS_API enum ss_status ss_rows_next(struct ss_rows *rows, struct ss_error *err);

/* One value of the row that ss_rows_next gave; `column` is below the table's column_count. */
SS_API void ss_rows_value(const struct ss_rows *rows, size_t column, struct ss_value *out);

/* Damage that did not end the rows, so far. */
SS_API uint64_t ss_rows_fault_count(const struct ss_rows *rows);

/* NULL is fine. */
SS_API void ss_rows_close(struct ss_rows *rows);

/* -------------------------------------------------------------------------------------- export --- */

enum ss_dump_format {
    SS_DUMP_NDJSON, /* one record a line */
    SS_DUMP_JSON,   /* one document: {"revision":…,"kvs":[…],"count":…} */
    SS_DUMP_ETCDCTL, /* what `etcdctl get -w json` prints; its header has what the file knows [F17] */
    SS_DUMP_TAR      /* a pax archive: manifest.ndjson, then a file a key */
};

/* How the output is packed. The same records give the same bytes. */
enum ss_dump_packing {
    SS_DUMP_UNPACKED,
    SS_DUMP_GZIP,
    SS_DUMP_ZSTD
};

/* A key for redaction has at least so many bytes. */
#define SS_REDACT_KEY_MIN 16u

struct ss_dump_opts {
    enum ss_dump_format format;
    int64_t rev;    /* 0: latest; with revisions: the last one to give */
    bool revisions; /* all history instead of the state */
    bool keys_only; /* "value_len" in place of "value" */
    struct ss_range range;
    const struct ss_span *bucket; /* path of another bucket: its plain keys and values instead;
                                     NULL: etcd's own, count 0: the root bucket */
    size_t bucket_count;
    bool all_buckets; /* every other bucket, too; of a file that is not etcd's, these alone */
    enum ss_dump_packing packing; /* of any format */
    /*
     * Not NULL: in place of each value, of any bucket, its length and HMAC-SHA-256 under this key.
     * Names, keys, revisions and lease ids stay as they are.
     */
    const void *redact_key;
    size_t redact_key_len;
    const struct ss_keep_going *keep_going; /* NULL: damage ends the call */
};

struct ss_dump_result {
    uint64_t record_count; /* lines, or elements of the lists */
    int64_t rev;           /* the revision that was dumped; 0 when it was no etcd record */
    uint64_t out_len;      /* bytes written */
    uint64_t skip_count;   /* places passed over */
};

/*
 * Writes the records that opts choose, in the record format of docs/format.md: live keys in byte
 * order, revisions in revision order. The same file, opened by the same name, and options give the same bytes. On failure what
 * was written so far is not the whole and says nothing; a JSON document then lacks its end, and a tar
 * archive its end mark. Errors: as ss_state_new, ss_records and ss_bucket_open; ARGUMENT for options
 * that exclude one another; OUTPUT.
 */
SS_API enum ss_status ss_dump(const struct ss_file *file, const struct ss_dump_opts *opts,
                              ss_write_fn write, void *write_ctx, const struct ss_call *call,
                              struct ss_dump_result *result, struct ss_error *err);

/*
 * Writes a skip as one JSON object: page, offset, bucket, element, bounds, and why (docs/format.md).
 * False: `write` failed, or there is no memory.
 */
SS_API bool ss_skip_json(const struct ss_skip *skip, ss_write_fn write, void *write_ctx);

/*
 * Writes what ss_diff finds, one JSON object a line, in byte order of the keys:
 *     {"change":"modified","key":…,"differs":["value","lease","revision"],"a":{…},"b":{…}}
 * "differs" only of modified keys; a side without the key has no member. Each side is a record as
 * ss_dump writes it, without its key: with `values` "value" or "value_base64", else "value_len".
 * *result and *side as ss_diff; on failure what was written so far is not the whole.
 * Errors: as ss_diff; OUTPUT.
 */
SS_API enum ss_status ss_diff_ndjson(const struct ss_file *a, const struct ss_file *b,
                                     const struct ss_diff_opts *opts, bool values,
                                     ss_write_fn write, void *write_ctx, const struct ss_call *call,
                                     struct ss_diff_result *result, enum ss_side *side,
                                     struct ss_error *err);

/* -------------------------------------------------------------------------------------- output --- */

struct ss_output;

/*
 * A new file that appears whole or not at all: bytes go to an unnamed or hidden file in the same
 * folder, and ss_output_commit syncs it and gives it its name. An existing `path` is EXISTS, unless
 * `force`, and then only a regular file, or a link, is replaced; the evidence `input` (may be NULL)
 * never is, whatever link leads to it. Mode 0600: snapshots hold secrets. After a failed write every
 * further call fails with the same error. Errors: OUTPUT, EXISTS, NOMEM; ARGUMENT after the commit.
 */
SS_API enum ss_status ss_output_open(const char *path, bool force, const struct ss_file *input,
                                     struct ss_output **out, struct ss_error *err);
SS_API enum ss_status ss_output_write(struct ss_output *out, const void *bytes, size_t len,
                                      struct ss_error *err);
/*
 * Before the first write: about so many bytes will come. A large file then goes past the page cache, where
 * the file system can do that: it must reach the disk before it gets its name, and the cache is left to
 * others. Writes of whole MiB from memory at a multiple of 4096 are the fastest.
 */
SS_API void ss_output_expect(struct ss_output *out, uint64_t len);
SS_API enum ss_status ss_output_commit(struct ss_output *out, struct ss_error *err);
/* Frees; what was not committed is gone. NULL is fine. */
SS_API void ss_output_free(struct ss_output *out);

/* ---------------------------------------------------------------------------------------- text --- */

/* Whether bytes may stand as JSON text: well-formed UTF-8 without NUL. All else goes as base64. */
SS_API bool ss_text_is_clean(const void *bytes, size_t len);

/* Base64 (RFC 4648, padded) of len bytes into out, which has room for 4 x ceil(len / 3) + 1. */
SS_API size_t ss_text_base64(const void *bytes, size_t len, char *out);

/* len bytes as 2 x len hexadecimal digits in lower case into out, which has room for a NUL more. */
SS_API size_t ss_text_hex(const void *bytes, size_t len, char *out);

/*
 * The bytes that 2 x len hexadecimal digits of either case stand for. False: one is none; no character behind
 * the first such is read.
 */
SS_API bool ss_text_unhex(const char *text, size_t len, void *out);

/*
 * Printable form for people and terminals: clean printable UTF-8 as it is, all else as \xNN, and the
 * backslash doubled: nothing raw reaches a terminal, and nothing is lost. Writes at most cap bytes
 * with the NUL and returns what the whole needs, without the NUL, like snprintf; cut at a whole escape.
 */
SS_API size_t ss_text_escape(const void *bytes, size_t len, char *out, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
