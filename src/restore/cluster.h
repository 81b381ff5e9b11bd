/*
 * cluster.h - the members of a new cluster, from the words of a restore command.
 *
 *   "m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380"   token "etcd-cluster"
 *     │    └── peer URLs, several by naming a member several times
 *     └── name
 *
 *   member id    first 8 bytes, big-endian, of SHA-1(sorted peer URLs run together, token)
 *   cluster id   likewise of SHA-1(the sorted member ids, 8 bytes big-endian each)
 *
 * as etcd's membership.computeMemberID and RaftCluster.genID have it, 3.4 to 3.7. Peers stand sorted
 * by id, the order in which etcd numbers them in the log.
 */
#ifndef SS_RESTORE_CLUSTER_H
#define SS_RESTORE_CLUSTER_H

#include "util/bytes.h"
#include "util/error.h"

struct ss_peer {
    char *name;
    char **urls; /* as Go writes them, sorted */
    size_t url_count;
    uint64_t id;
    bool is_learner;
};

struct ss_cluster {
    struct ss_peer *peers; /* by id */
    size_t count;
    uint64_t id;
};

/*
 * Parses and checks what etcdutl checks: URLs that Go can read, of scheme http or https with host:port and
 * no path, or unix or unixs, kept as Go writes them (go_url.h), no URL twice, no two members of one id; `learners` (NULL or names with commas) are members, and
 * not all of them. Names and URLs must be clean UTF-8. Errors: ARGUMENT with the offending word; NOMEM.
 */
enum ss_status ss_cluster_parse(const char *initial_cluster, const char *token,
                                const char *learners, struct ss_cluster *out, struct ss_error *err);
void ss_cluster_fini(struct ss_cluster *cluster);

/* The member of that name, or NULL. */
const struct ss_peer *ss_cluster_find(const struct ss_cluster *cluster, const char *name);

/* Checks that `urls`, with commas and nothing empty between them, are exactly the member's peer URLs. Errors: ARGUMENT; NOMEM. */
enum ss_status ss_cluster_check_urls(const struct ss_peer *peer, const char *urls,
                                     struct ss_error *err);

/* {"id":N,"peerURLs":[…],"isLearner":true,"name":…} as etcd stores it; and its raft part alone. */
void ss_peer_json(const struct ss_peer *peer, struct ss_bytes *out);
void ss_peer_raft_json(const struct ss_peer *peer, struct ss_bytes *out);

#endif
