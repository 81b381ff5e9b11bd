/*
 * tar_path.h - a key as a file's path, from which the key can be told again.
 *
 *   key   /registry/pods/ns/a%b              key   a            when there is a/b, too
 *   path  keys/%/registry/pods/ns/a%25b      path  keys/a%
 *
 *   byte          letters, digits and - _ . ~ @ = + , stand for themselves, all else is %XX in
 *                 capitals; so is a dot that begins a name
 *   "/"           parts the names of a key's path; in other buckets' keys it is %2F
 *   %             alone, an empty name
 *   name%         a file whose key is also the folder of another key
 *   name%+/rest   one name of more than SS_TAR_NAME_MAX bytes, cut between escapes
 *   TOP/%sha256/H a path that would be longer than SS_TAR_PATH_MAX: H is the SHA-256 of it
 *
 * A % that is not followed by two hex digits is none of a key's, so each path has one reading. No name
 * is empty, "." or "..", none is longer than 255 bytes, no path is absolute.
 */
#ifndef SS_EXPORT_TAR_PATH_H
#define SS_EXPORT_TAR_PATH_H

#include "snapscope.h"

#define SS_TAR_NAME_MAX 250u  /* of the escaped bytes; three more may follow */
#define SS_TAR_PATH_MAX 1000u /* below any PATH_MAX (1024 on macOS) */

/* A path in the making; zeroed at first, and used again for the next one. */
struct ss_tar_path {
    char *text; /* with a NUL behind it */
    size_t len, cap;
    size_t name_len; /* bytes of the name at hand */
    bool nomem;
};

void ss_tar_path_fini(struct ss_tar_path *path);

/*
 * Begins a path in one of the top folders, which is no byte of a file: "keys", "buckets". Each
 * function returns false, now and later, when there is no memory.
 */
bool ss_tar_path_begin(struct ss_tar_path *path, const char *top);

/* Appends "/" and the names of a key; "%" behind it when the key is a folder, too. */
bool ss_tar_path_key(struct ss_tar_path *path, struct ss_span key, bool is_folder);

/* Appends "/" and one name, slashes and all. */
bool ss_tar_path_name(struct ss_tar_path *path, struct ss_span name);

/* Ends it: what is too long gets its short form. Last of all. */
bool ss_tar_path_end(struct ss_tar_path *path);

#endif
