/*
 * shim.c - what MemorySanitizer must be told of code that it does not see.
 *
 * It wants every byte written by code that it has compiled; OpenSSL, ISA-L, libarchive and Jansson are not.
 * The linker leads this project's calls of the functions below here (cmake/Flags.cmake has the list), and
 * what they wrote is marked as written. So the sources need not know of it, and no other build has it.
 *
 *   our code ──► __wrap_f ──► f in the library
 *                   ├── the stack below is marked as written: f's own frames lie on what ours left there
 *                   └── what f wrote is marked as written
 *
 * Memory that a library allocates counts as written (poison_in_malloc=0 in the preset); this project's own
 * does not, because malloc and realloc come by here as well. For where a byte came from, build with
 * -fsanitize-memory-track-origins.
 */
#include <archive.h>
#include <archive_entry.h>
#include <fts.h>
#include <isa-l/igzip_lib.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <sanitizer/msan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WRAPPED(type, name, args) \
    type __real_##name args;      \
    type __wrap_##name args;      \
    type __wrap_##name args

/* A function that leaves nothing behind but its result. */
#define PASSED(type, name, args, given) \
    WRAPPED(type, name, args)           \
    {                                   \
        clean_stack();                  \
        return __real_##name given;     \
    }

enum {
    STACK_LEN = 64 << 10 /* of the deepest library call, generously */
};

/* From the caller's own frame on, since it may make room for what it calls. */
#define clean_stack() \
    __msan_unpoison((char *)__builtin_frame_address(0) + 16 - STACK_LEN, STACK_LEN)

/* ---- this project's own memory ---- */

WRAPPED(void *, malloc, (size_t len))
{
    void *p = __real_malloc(len);

    if (p != NULL) {
        __msan_poison(p, len);
    }
    return p;
}

/* What a library is given next must not still be called unwritten. */
WRAPPED(void, free, (void *p))
{
    if (p != NULL) {
        __msan_unpoison(p, malloc_usable_size(p));
    }
    __real_free(p);
}

WRAPPED(void *, realloc, (void *old, size_t len))
{
    size_t old_len = old != NULL ? malloc_usable_size(old) : 0;
    void *p = malloc(len);

    if (p == NULL || old == NULL) {
        return p;
    }
    memcpy(p, old, old_len < len ? old_len : len);
    free(old);
    return p;
}

/* ---- the system: calls that this version of the sanitizer does not know yet, by their names in libc ---- */

WRAPPED(int, stat64, (const char *path, struct stat *st))
{
    int failed = __real_stat64(path, st);

    if (failed == 0) {
        __msan_unpoison(st, sizeof(*st));
    }
    return failed;
}

WRAPPED(int, lstat64, (const char *path, struct stat *st))
{
    int failed = __real_lstat64(path, st);

    if (failed == 0) {
        __msan_unpoison(st, sizeof(*st));
    }
    return failed;
}

WRAPPED(int, fstat64, (int fd, struct stat *st))
{
    int failed = __real_fstat64(fd, st);

    if (failed == 0) {
        __msan_unpoison(st, sizeof(*st));
    }
    return failed;
}

WRAPPED(int, fstatat64, (int dir, const char *path, struct stat *st, int flags))
{
    int failed = __real_fstatat64(dir, path, st, flags);

    if (failed == 0) {
        __msan_unpoison(st, sizeof(*st));
    }
    return failed;
}

/* ---- OpenSSL ---- */

PASSED(int, EVP_DigestInit_ex, (EVP_MD_CTX * ctx, const EVP_MD *type, ENGINE *impl),
       (ctx, type, impl))
PASSED(EVP_MAC *, EVP_MAC_fetch, (OSSL_LIB_CTX * lib, const char *name, const char *props),
       (lib, name, props))
PASSED(EVP_MAC_CTX *, EVP_MAC_CTX_new, (EVP_MAC * mac), (mac))
PASSED(EVP_MAC_CTX *, EVP_MAC_CTX_dup, (const EVP_MAC_CTX *ctx), (ctx))
PASSED(int, EVP_MAC_init,
       (EVP_MAC_CTX * ctx, const unsigned char *key, size_t len, const OSSL_PARAM *params),
       (ctx, key, len, params))

WRAPPED(int, EVP_DigestFinal_ex, (EVP_MD_CTX * ctx, unsigned char *md, unsigned *len))
{
    int done;

    clean_stack();
    done = __real_EVP_DigestFinal_ex(ctx, md, len);
    __msan_unpoison(len, sizeof(*len));
    __msan_unpoison(md, *len);
    return done;
}

WRAPPED(int, EVP_Digest,
        (const void *bytes, size_t count, unsigned char *md, unsigned *len, const EVP_MD *type,
         ENGINE *impl))
{
    int done;

    clean_stack();
    done = __real_EVP_Digest(bytes, count, md, len, type, impl);
    if (len != NULL) {
        __msan_unpoison(len, sizeof(*len));
    }
    __msan_unpoison(md, (size_t)EVP_MD_get_size(type));
    return done;
}

WRAPPED(unsigned char *, SHA256, (const unsigned char *bytes, size_t len, unsigned char *md))
{
    unsigned char *digest;

    clean_stack();
    digest = __real_SHA256(bytes, len, md);
    __msan_unpoison(digest, 32);
    return digest;
}

WRAPPED(unsigned char *, SHA1, (const unsigned char *bytes, size_t len, unsigned char *md))
{
    unsigned char *digest;

    clean_stack();
    digest = __real_SHA1(bytes, len, md);
    __msan_unpoison(digest, 20);
    return digest;
}

WRAPPED(int, EVP_MAC_final, (EVP_MAC_CTX * ctx, unsigned char *out, size_t *len, size_t cap))
{
    int done;

    clean_stack();
    done = __real_EVP_MAC_final(ctx, out, len, cap);
    __msan_unpoison(len, sizeof(*len));
    __msan_unpoison(out, *len);
    return done;
}

WRAPPED(int, EVP_EncodeBlock, (unsigned char *to, const unsigned char *from, int len))
{
    int made = __real_EVP_EncodeBlock(to, from, len);

    __msan_unpoison(to, (size_t)made + 1);
    return made;
}

/* ---- ISA-L ---- */

WRAPPED(void, isal_inflate_init, (struct inflate_state * state))
{
    __real_isal_inflate_init(state);
    __msan_unpoison(state, sizeof(*state));
}

WRAPPED(int, isal_inflate, (struct inflate_state * state))
{
    uint8_t *out = state->next_out;
    int code = __real_isal_inflate(state);

    __msan_unpoison(state, sizeof(*state));
    __msan_unpoison(out, (size_t)(state->next_out - out));
    return code;
}

/* ---- libarchive ---- */

PASSED(struct archive *, archive_read_new, (void), ())
PASSED(int, archive_read_open_memory, (struct archive * a, const void *bytes, size_t len),
       (a, bytes, len))
PASSED(int, archive_write_header, (struct archive * a, struct archive_entry *entry), (a, entry))
PASSED(la_ssize_t, archive_write_data, (struct archive * a, const void *bytes, size_t len),
       (a, bytes, len))
PASSED(int, archive_write_close, (struct archive * a), (a))
PASSED(int, archive_write_free, (struct archive * a), (a))

WRAPPED(int, archive_read_data_block,
        (struct archive * a, const void **bytes, size_t *len, la_int64_t *off))
{
    int code;

    clean_stack();
    code = __real_archive_read_data_block(a, bytes, len, off);
    __msan_unpoison(bytes, sizeof(*bytes));
    __msan_unpoison(len, sizeof(*len));
    __msan_unpoison(off, sizeof(*off));
    if (code == ARCHIVE_OK) {
        __msan_unpoison(*bytes, *len);
    }
    return code;
}

WRAPPED(int, archive_read_next_header, (struct archive * a, struct archive_entry **entry))
{
    int code;

    clean_stack();
    code = __real_archive_read_next_header(a, entry);
    __msan_unpoison(entry, sizeof(*entry));
    return code;
}

static const char *known_text(const char *text)
{
    if (text != NULL) {
        __msan_unpoison_string(text);
    }
    return text;
}

WRAPPED(int, archive_entry_xattr_next,
        (struct archive_entry * entry, const char **name, const void **value, size_t *len))
{
    int code = __real_archive_entry_xattr_next(entry, name, value, len);

    __msan_unpoison(name, sizeof(*name));
    __msan_unpoison(value, sizeof(*value));
    __msan_unpoison(len, sizeof(*len));
    return code;
}

WRAPPED(const char *, archive_error_string, (struct archive * a))
{
    return known_text(__real_archive_error_string(a));
}

WRAPPED(const char *, archive_entry_pathname, (struct archive_entry * entry))
{
    return known_text(__real_archive_entry_pathname(entry));
}

WRAPPED(const char *, archive_entry_pathname_utf8, (struct archive_entry * entry))
{
    return known_text(__real_archive_entry_pathname_utf8(entry));
}

/* A callback is called by code that says nothing of its arguments: they count as written. */
#define CALLED_BY_LIBRARY __attribute__((no_sanitize("memory")))

struct writer {
    void *ctx;
    archive_open_callback *open;
    archive_write_callback *write;
    archive_close_callback *close;
};

CALLED_BY_LIBRARY static int writer_open(struct archive *a, void *ctx)
{
    struct writer *w = ctx;

    return w->open != NULL ? w->open(a, w->ctx) : ARCHIVE_OK;
}

CALLED_BY_LIBRARY static la_ssize_t writer_write(struct archive *a, void *ctx, const void *bytes,
                                                 size_t len)
{
    struct writer *w = ctx;
    la_ssize_t written;

    __msan_unpoison(bytes, len);
    written = w->write(a, w->ctx, bytes, len);
    clean_stack();
    return written;
}

CALLED_BY_LIBRARY static int writer_close(struct archive *a, void *ctx)
{
    struct writer *w = ctx;
    int code = w->close != NULL ? w->close(a, w->ctx) : ARCHIVE_OK;

    free(w);
    return code;
}

WRAPPED(int, archive_write_open,
        (struct archive * a, void *ctx, archive_open_callback *on_open,
         archive_write_callback *on_write, archive_close_callback *on_close))
{
    struct writer *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        return ARCHIVE_FATAL;
    }
    *w = (struct writer){ctx, on_open, on_write, on_close};
    return __real_archive_write_open(a, w, writer_open, writer_write, writer_close);
}

/* ---- Jansson ---- */

WRAPPED(json_t *, json_loadb, (const char *text, size_t len, size_t flags, json_error_t *why))
{
    json_t *json;

    clean_stack();
    json = __real_json_loadb(text, len, flags, why);
    if (why != NULL) {
        __msan_unpoison(why, sizeof(*why));
    }
    return json;
}

WRAPPED(json_t *, json_loads, (const char *text, size_t flags, json_error_t *why))
{
    json_t *json;

    clean_stack();
    json = __real_json_loads(text, flags, why);
    if (why != NULL) {
        __msan_unpoison(why, sizeof(*why));
    }
    return json;
}

WRAPPED(char *, json_dumps, (const json_t *json, size_t flags))
{
    char *text;

    clean_stack();
    text = __real_json_dumps(json, flags);
    known_text(text);
    return text;
}

WRAPPED(const char *, json_string_value, (const json_t *json))
{
    return known_text(__real_json_string_value(json));
}

struct dumper {
    json_dump_callback_t dump;
    void *ctx;
};

CALLED_BY_LIBRARY static int dumper_dump(const char *text, size_t len, void *ctx)
{
    struct dumper *d = ctx;
    int failed;

    __msan_unpoison(text, len);
    failed = d->dump(text, len, d->ctx);
    clean_stack();
    return failed;
}

WRAPPED(int, json_dump_callback,
        (const json_t *json, json_dump_callback_t dump, void *ctx, size_t flags))
{
    struct dumper d = {dump, ctx};

    clean_stack();
    return __real_json_dump_callback(json, dumper_dump, &d, flags);
}

/* ---- fts, which the replays of corpora walk with ---- */

typedef int fts_order_fn(const FTSENT **a, const FTSENT **b);

static fts_order_fn *fts_order;

CALLED_BY_LIBRARY static int fts_compare(const FTSENT **a, const FTSENT **b)
{
    return fts_order(a, b);
}

WRAPPED(FTS *, fts64_open, (char *const *paths, int options, fts_order_fn *order))
{
    fts_order = order;
    return __real_fts64_open(paths, options, order != NULL ? fts_compare : NULL);
}
