/*
 * member_dir.h - where etcd keeps what: names only, no file is looked at.
 *
 *   DATA-DIR/member/snap/db                                     the database
 *   DATA-DIR/member/wal/SEQUENCE-INDEX.wal                      16 hex digits each
 */
#ifndef SS_UTIL_MEMBER_DIR_H
#define SS_UTIL_MEMBER_DIR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The folder of the log that belongs to the database at `db`: MEMBER/wal for MEMBER/snap/db, by the words
 * of the path, as etcd goes by its data directory and not by where links lead. Without "/./", and with
 * ".." only where the path has no folder to drop: "db" gives "../wal". NULL: no memory. To free.
 */
char *ss_member_dir_wal(const char *db);

/* Whether a file is called as a segment of a log is. */
bool ss_member_dir_is_segment(const char *name);

#endif
