/*
 * tar_path.c - see tar_path.h.
 */
#include "export/tar_path.h"

#include "util/array.h"
#include "util/sha256.h"

#include <stdlib.h>
#include <string.h>

void ss_tar_path_fini(struct ss_tar_path *path)
{
    free(path->text);
    *path = (struct ss_tar_path){0};
}

static bool append(struct ss_tar_path *path, const char *text, size_t len)
{
    path->nomem = path->nomem || !ss_array_room(path->text, path->len, path->cap, len + 1);
    if (path->nomem) {
        return false;
    }
    memcpy(path->text + path->len, text, len);
    path->len += len;
    path->text[path->len] = '\0';
    return true;
}

bool ss_tar_path_begin(struct ss_tar_path *path, const char *top)
{
    path->len = 0;
    return append(path, top, strlen(top));
}

static bool is_plain(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
           byte == '~' || byte == '@' || byte == '=' || byte == '+' || byte == ',';
}

/* One byte of a key in the name at hand, or in the next one when this is full. */
static bool append_byte(struct ss_tar_path *path, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    char plain[1] = {(char)byte};
    bool whole = is_plain(byte);

    if (path->name_len + (whole ? 1 : 3) > SS_TAR_NAME_MAX) {
        append(path, "%+/", 3);
        path->name_len = 0;
    }
    whole = whole && !(byte == '.' && path->name_len == 0);
    path->name_len += whole ? 1 : 3;
    return whole ? append(path, plain, 1) : append(path, escape, 3);
}

/* Bytes that go into the name at hand as they are, taken in one go: how many. */
static uint64_t append_run(struct ss_tar_path *path, struct ss_span bytes)
{
    uint64_t room = SS_TAR_NAME_MAX - path->name_len;
    uint64_t n = 0;

    if (bytes.len > 0 && bytes.ptr[0] == '.' && path->name_len == 0) {
        return 0;
    }
    while (n < bytes.len && n < room && is_plain(bytes.ptr[n])) {
        n++;
    }
    path->name_len += (size_t)n;
    append(path, (const char *)bytes.ptr, (size_t)n);
    return n;
}

static bool begin_name(struct ss_tar_path *path)
{
    path->name_len = 0;
    return append(path, "/", 1);
}

static bool end_name(struct ss_tar_path *path)
{
    return path->name_len > 0 || append(path, "%", 1);
}

/* A key, whose slashes part names, or one name. */
static void append_all(struct ss_tar_path *path, struct ss_span bytes, bool is_key)
{
    begin_name(path);
    for (uint64_t i = 0; i < bytes.len && !path->nomem;) {
        const struct ss_span rest = {bytes.ptr + i, bytes.len - i, SS_NONE};
        uint64_t run = append_run(path, rest);

        i += run > 0 ? run : 1;
        if (run > 0) {
            continue;
        }
        if (is_key && *rest.ptr == '/') {
            end_name(path);
            begin_name(path);
        } else {
            append_byte(path, *rest.ptr);
        }
    }
    end_name(path);
}

bool ss_tar_path_key(struct ss_tar_path *path, struct ss_span key, bool is_folder)
{
    append_all(path, key, true);
    return is_folder ? append(path, "%", 1) : !path->nomem;
}

bool ss_tar_path_name(struct ss_tar_path *path, struct ss_span name)
{
    append_all(path, name, false);
    return !path->nomem;
}

bool ss_tar_path_end(struct ss_tar_path *path)
{
    uint8_t digest[SS_SHA256_LEN];
    char hex[2 * SS_SHA256_LEN + 1];
    struct ss_sha256 sha = {0};
    bool good;

    if (path->nomem || path->len <= SS_TAR_PATH_MAX) {
        return !path->nomem;
    }
    good = ss_sha256_init(&sha) && ss_sha256_update(&sha, path->text, path->len) &&
           ss_sha256_final(&sha, digest);
    ss_sha256_fini(&sha);
    path->len = (size_t)(strchr(path->text, '/') - path->text);
    path->nomem = !good;
    return append(path, "/%sha256/", 9) &&
           append(path, hex, ss_text_hex(digest, sizeof(digest), hex));
}
