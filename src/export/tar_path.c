/*
 * tar_path.c - see tar_path.h.
 */
#include "export/tar_path.h"

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
    if (path->nomem) {
        return false;
    }
    if (path->cap - path->len <= len) {
        size_t cap = 2 * (path->len + len) + 256;
        char *grown = realloc(path->text, cap);

        if (grown == NULL) {
            path->nomem = true;
            return false;
        }
        path->text = grown;
        path->cap = cap;
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
           (byte >= '0' && byte <= '9') || (byte != 0 && strchr("-_.~@=+,", byte) != NULL);
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

static bool begin_name(struct ss_tar_path *path)
{
    path->name_len = 0;
    return append(path, "/", 1);
}

static bool end_name(struct ss_tar_path *path)
{
    return path->name_len > 0 || append(path, "%", 1);
}

bool ss_tar_path_key(struct ss_tar_path *path, struct ss_span key, bool is_folder)
{
    begin_name(path);
    for (uint64_t i = 0; i < key.len && !path->nomem; i++) {
        if (key.ptr[i] == '/') {
            end_name(path);
            begin_name(path);
        } else {
            append_byte(path, key.ptr[i]);
        }
    }
    end_name(path);
    return is_folder ? append(path, "%", 1) : !path->nomem;
}

bool ss_tar_path_name(struct ss_tar_path *path, struct ss_span name)
{
    begin_name(path);
    for (uint64_t i = 0; i < name.len && !path->nomem; i++) {
        append_byte(path, name.ptr[i]);
    }
    return end_name(path) && !path->nomem;
}

bool ss_tar_path_end(struct ss_tar_path *path)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SS_SHA256_LEN];
    char hex[2 * SS_SHA256_LEN];
    struct ss_sha256 sha = {0};
    bool good;

    if (path->nomem || path->len <= SS_TAR_PATH_MAX) {
        return !path->nomem;
    }
    good = ss_sha256_init(&sha) && ss_sha256_update(&sha, path->text, path->len) &&
           ss_sha256_final(&sha, digest);
    ss_sha256_fini(&sha);
    for (size_t i = 0; good && i < sizeof(digest); i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    path->len = (size_t)(strchr(path->text, '/') - path->text);
    path->nomem = !good;
    return append(path, "/%sha256/", 9) && append(path, hex, sizeof(hex));
}
