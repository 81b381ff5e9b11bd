/*
 * member_dir.c - see member_dir.h.
 */
#include "util/member_dir.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_LEN ((size_t)16)              /* hex digits */
#define SEGMENT_LEN (2 * INDEX_LEN + 1 + 4) /* the two, a hyphen, ".wal" */

/* A path that is built word by word: "" stands for the current folder, "/" for the root. */
struct path {
    char *text;
    size_t len;
};

static void add_word(struct path *path, const char *word, size_t len)
{
    if (path->len > 0 && path->text[path->len - 1] != '/') {
        path->text[path->len++] = '/';
    }
    memcpy(path->text + path->len, word, len);
    path->len += len;
    path->text[path->len] = '\0';
}

/* Goes to the folder above. */
static void drop_word(struct path *path)
{
    const char *slash = memrchr(path->text, '/', path->len);
    size_t last = slash == NULL ? 0 : (size_t)(slash - path->text) + 1;

    if (path->len == last && last > 0) {
        return; /* above the root is the root */
    }
    if (path->len == 0 || strcmp(path->text + last, "..") == 0) {
        add_word(path, "..", 2);
        return;
    }
    path->len = last > 1 ? last - 1 : last;
    path->text[path->len] = '\0';
}

char *ss_member_dir_wal(const char *db)
{
    /* Two words more than the path's at most: "../.." and "/wal". */
    struct path path = {.text = malloc(strlen(db) + sizeof("../../wal/"))};

    if (path.text == NULL) {
        return NULL;
    }
    if (db[0] == '/') {
        path.text[path.len++] = '/';
    }
    path.text[path.len] = '\0';
    while (*db != '\0') {
        size_t len = strcspn(db, "/");

        if (len > 0 && !(len == 1 && db[0] == '.')) {
            add_word(&path, db, len);
        }
        db += len;
        db += *db == '/';
    }
    drop_word(&path);
    drop_word(&path);
    add_word(&path, "wal", 3);
    return path.text;
}

bool ss_member_dir_is_segment(const char *name)
{
    static const char hex[] = "0123456789abcdef";

    return strlen(name) == SEGMENT_LEN && strspn(name, hex) == INDEX_LEN &&
           name[INDEX_LEN] == '-' && strspn(name + INDEX_LEN + 1, hex) == INDEX_LEN &&
           strcmp(name + 2 * INDEX_LEN + 1, ".wal") == 0;
}
