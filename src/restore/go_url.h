/*
 * go_url.h - a URL as Go's net/url reads it and writes it again.
 *
 *   "HTTP://Höst:2380"  ──►  "http://H%C3%B6st:2380"
 *   SCHEME:[//[USER[:PASSWORD]@]HOST[:PORT]][/PATH][?QUERY][#FRAGMENT]      or SCHEME:OPAQUE
 *
 * etcd makes the ids of members and clusters from what Go writes, not from what was typed: the scheme in
 * lower case, what a part may not hold as %XX in capitals, and the rest as it was. (Go 1.26; a host in
 * brackets that is no IPv6 address is taken by releases before it.)
 */
#ifndef SS_RESTORE_GO_URL_H
#define SS_RESTORE_GO_URL_H

#include "util/bytes.h"

/* What Go has nothing against, or what it refuses. */
enum ss_go_url_fault {
    SS_GO_URL_GOOD,
    SS_GO_URL_NOMEM,
    SS_GO_URL_CONTROL, /* a control character */
    SS_GO_URL_SCHEME,  /* a colon without a scheme before it */
    SS_GO_URL_ESCAPE,  /* % without two hexadecimal digits, or of what needs none */
    SS_GO_URL_USER,    /* the part before @ */
    SS_GO_URL_HOST,    /* a character that no host has, or brackets without an IPv6 address */
    SS_GO_URL_PORT     /* behind the host's colon */
};

/* A piece of a URL, decoded; NUL may stand in it. */
struct ss_go_url {
    struct ss_bytes scheme, user, password, host, path, fragment;
    const char *opaque, *raw_path, *query,
        *raw_fragment; /* pieces of the text, with their lengths */
    size_t opaque_len, raw_path_len, query_len, raw_fragment_len;
    bool has_user, has_password, has_query, has_no_host;
};

/* `text` is borrowed until ss_go_url_fini, which also ends one that was refused. */
enum ss_go_url_fault ss_go_url_parse(const char *text, struct ss_go_url *out);
void ss_go_url_fini(struct ss_go_url *url);

/* Appends the URL as Go writes it. */
void ss_go_url_write(const struct ss_go_url *url, struct ss_bytes *out);

/* Whether the host is of the form HOST:PORT, for net.SplitHostPort. Either may be empty. */
bool ss_go_url_has_port(const struct ss_go_url *url);

#endif
