/*
 * cluster.c - see cluster.h.
 */
#include "restore/cluster.h"

#include "util/array.h"
#include "util/endian.h"
#include "util/sha256.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SHA1_LEN 20u

/* A word of the command line in a message: cut, so that the message keeps its end. */
#define WORD "%.120s"

static enum ss_status refuse(struct ss_error *err, const char *what, const char *word)
{
    return ss_system(err, SS_E_ARGUMENT, 0, "%s: " WORD, what, word);
}

static enum ss_status no_memory(struct ss_error *err)
{
    return ss_nomem(err, sizeof(struct ss_peer));
}

static void peer_fini(struct ss_peer *peer)
{
    for (size_t i = 0; i < peer->url_count; i++)
        free(peer->urls[i]);
    free(peer->urls);
    free(peer->name);
}

void ss_cluster_fini(struct ss_cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++)
        peer_fini(&cluster->peers[i]);
    free(cluster->peers);
    *cluster = (struct ss_cluster){0};
}

const struct ss_peer *ss_cluster_find(const struct ss_cluster *cluster, const char *name)
{
    for (size_t i = 0; i < cluster->count; i++)
        if (strcmp(cluster->peers[i].name, name) == 0)
            return &cluster->peers[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------- URLs --- */

/* Digits behind the last colon, and something before it: what net.SplitHostPort accepts. */
static bool has_host_and_port(const char *host)
{
    const char *colon = strrchr(host, ':');
    const char *bracket = strchr(host, ']');

    if (colon == NULL || colon == host || colon[1] == '\0')
        return false;
    if (host[0] == '[' ? bracket == NULL || bracket + 1 != colon
                       : strchr(host, ':') != colon || bracket != NULL)
        return false;
    return strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static enum ss_status check_url(const char *url, struct ss_error *err)
{
    static const char *const schemes[] = {"http://", "https://", "unix://", "unixs://"};
    const char *host = NULL;

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            host = url + strlen(schemes[i]);
    if (host == NULL)
        return refuse(err, "peer URL scheme must be http, https, unix or unixs", url);
    if (url[0] == 'h' && strpbrk(host, "/?#") != NULL)
        return refuse(err, "peer URL must not have a path", url);
    if (host[0] == '\0')
        return refuse(err, "peer URL names nothing behind its scheme", url);
    if (strpbrk(host, " \t\r\n@%") != NULL || !ss_text_is_clean(url, strlen(url)))
        return refuse(err, "peer URL has characters that it must not have", url);
    if (url[0] == 'h' && !has_host_and_port(host))
        return refuse(err, "peer URL is not of the form http://host:port", url);
    return SS_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum ss_status add_url(struct ss_peer *peer, const char *url, struct ss_error *err)
{
    enum ss_status status = check_url(url, err);

    if (status != SS_OK)
        return status;
    if (!ss_array_room_counted(peer->urls, peer->url_count))
        return no_memory(err);
    peer->urls[peer->url_count] = strdup(url);
    if (peer->urls[peer->url_count] == NULL)
        return no_memory(err);
    peer->url_count++;
    return SS_OK;
}

/* ---------------------------------------------------------------------------------- members --- */

static enum ss_status add_peer(struct ss_cluster *cluster, const char *name, struct ss_peer **out,
                               struct ss_error *err)
{
    if (name[0] == '\0' || !ss_text_is_clean(name, strlen(name)))
        return refuse(err, "initial cluster has a member without a proper name", name);
    if (!ss_array_room_counted(cluster->peers, cluster->count))
        return no_memory(err);
    *out = &cluster->peers[cluster->count];
    **out = (struct ss_peer){.name = strdup(name)};
    if ((*out)->name == NULL)
        return no_memory(err);
    cluster->count++;
    return SS_OK;
}

/* One "name=url" of the list. */
static enum ss_status add_pair(struct ss_cluster *cluster, char *pair, struct ss_error *err)
{
    char *equals = strchr(pair, '=');
    struct ss_peer *peer = NULL;
    enum ss_status status = SS_OK;

    if (equals == NULL)
        return refuse(err, "initial cluster must read NAME=URL,…", pair);
    *equals = '\0';
    for (size_t i = 0; i < cluster->count && peer == NULL; i++)
        if (strcmp(cluster->peers[i].name, pair) == 0)
            peer = &cluster->peers[i];
    if (peer == NULL)
        status = add_peer(cluster, pair, &peer, err);
    return status == SS_OK ? add_url(peer, equals + 1, err) : status;
}

/* Calls `each` for the parts of a list with commas; empty ones are passed over, as etcd does. */
static enum ss_status for_each_part(const char *list,
                                    enum ss_status (*each)(struct ss_cluster *, char *,
                                                           struct ss_error *),
                                    struct ss_cluster *cluster, struct ss_error *err)
{
    char *copy = strdup(list), *rest = NULL;
    enum ss_status status = copy == NULL ? no_memory(err) : SS_OK;

    for (char *part = copy == NULL ? NULL : strtok_r(copy, ",", &rest);
         part != NULL && status == SS_OK; part = strtok_r(NULL, ",", &rest))
        status = each(cluster, part, err);
    free(copy);
    return status;
}

static enum ss_status mark_learner(struct ss_cluster *cluster, char *name, struct ss_error *err)
{
    for (size_t i = 0; i < cluster->count; i++) {
        if (strcmp(cluster->peers[i].name, name) == 0) {
            cluster->peers[i].is_learner = true;
            return SS_OK;
        }
    }
    return refuse(err, "no member of the initial cluster has the name of this learner", name);
}

static bool sha1_u64(const void *bytes, size_t len, uint64_t *out)
{
    uint8_t digest[SHA1_LEN];
    unsigned digest_len = 0;

    if (!ss_openssl_ready() || EVP_Digest(bytes, len, digest, &digest_len, EVP_sha1(), NULL) != 1 ||
        digest_len != SHA1_LEN)
        return false;
    *out = ss_load_u64(digest, true);
    return true;
}

static enum ss_status set_id(struct ss_peer *peer, const char *token, struct ss_error *err)
{
    struct ss_bytes text = {0};
    bool ok;

    qsort(peer->urls, peer->url_count, sizeof(*peer->urls), compare_texts);
    for (size_t i = 0; i < peer->url_count; i++)
        ss_bytes_text(&text, peer->urls[i]);
    ss_bytes_text(&text, token);
    ok = !text.failed && sha1_u64(text.ptr, text.len, &peer->id);
    ss_bytes_fini(&text);
    return ok ? SS_OK : no_memory(err);
}

static int compare_peers(const void *a, const void *b)
{
    uint64_t x = ((const struct ss_peer *)a)->id, y = ((const struct ss_peer *)b)->id;

    return x < y ? -1 : x > y;
}

static enum ss_status set_ids(struct ss_cluster *cluster, const char *token, struct ss_error *err)
{
    struct ss_bytes ids = {0};
    enum ss_status status = SS_OK;

    if (cluster->count == 0)
        return ss_system(err, SS_E_ARGUMENT, 0, "initial cluster has no members");
    for (size_t i = 0; i < cluster->count && status == SS_OK; i++)
        status = set_id(&cluster->peers[i], token, err);
    if (status != SS_OK)
        return status;
    qsort(cluster->peers, cluster->count, sizeof(*cluster->peers), compare_peers);
    for (size_t i = 0; i < cluster->count; i++) {
        uint8_t id[8];

        ss_store_u64(id, cluster->peers[i].id, true);
        ss_bytes_add(&ids, id, sizeof(id));
    }
    if (ids.failed || !sha1_u64(ids.ptr, ids.len, &cluster->id))
        status = no_memory(err);
    ss_bytes_fini(&ids);
    return status;
}

static enum ss_status check_urls_once(const struct ss_cluster *cluster, struct ss_error *err)
{
    for (size_t i = 0; i < cluster->count; i++)
        for (size_t j = 0; j < cluster->peers[i].url_count; j++)
            for (size_t k = i; k < cluster->count; k++)
                for (size_t m = k == i ? j + 1 : 0; m < cluster->peers[k].url_count; m++)
                    if (strcmp(cluster->peers[i].urls[j], cluster->peers[k].urls[m]) == 0)
                        return refuse(err, "initial cluster has one peer URL twice",
                                      cluster->peers[i].urls[j]);
    return SS_OK;
}

static enum ss_status check_members(const struct ss_cluster *cluster, struct ss_error *err)
{
    size_t voters = 0;

    if (check_urls_once(cluster, err) != SS_OK)
        return SS_SYSTEM;
    for (size_t i = 0; i < cluster->count; i++) {
        voters += !cluster->peers[i].is_learner;
        if (cluster->peers[i].id == 0 ||
            (i > 0 && cluster->peers[i].id == cluster->peers[i - 1].id))
            return refuse(err, "member's id is that of another, or none", cluster->peers[i].name);
    }
    if (voters == 0)
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "every member is a learner: nobody could elect a leader");
    return SS_OK;
}

enum ss_status ss_cluster_parse(const char *initial_cluster, const char *token,
                                const char *learners, struct ss_cluster *out, struct ss_error *err)
{
    enum ss_status status;

    *out = (struct ss_cluster){0};
    status = for_each_part(initial_cluster, add_pair, out, err);
    if (status == SS_OK && learners != NULL)
        status = for_each_part(learners, mark_learner, out, err);
    if (status == SS_OK)
        status = set_ids(out, token, err);
    if (status == SS_OK)
        status = check_members(out, err);
    if (status != SS_OK)
        ss_cluster_fini(out);
    return status;
}

static enum ss_status add_only_url(struct ss_cluster *cluster, char *url, struct ss_error *err)
{
    return add_url(&cluster->peers[0], url, err);
}

enum ss_status ss_cluster_check_urls(const struct ss_peer *peer, const char *urls,
                                     struct ss_error *err)
{
    struct ss_peer given = {0};
    struct ss_cluster one = {.peers = &given, .count = 1};
    enum ss_status status = for_each_part(urls, add_only_url, &one, err);
    bool same = given.url_count == peer->url_count;

    if (status == SS_OK && given.url_count > 0)
        qsort(given.urls, given.url_count, sizeof(*given.urls), compare_texts);
    for (size_t i = 0; status == SS_OK && same && i < given.url_count; i++)
        same = strcmp(given.urls[i], peer->urls[i]) == 0;
    if (status == SS_OK && !same)
        status = ss_system(err, SS_E_ARGUMENT, 0,
                           "--initial-cluster has member " WORD
                           " with other peer URLs than --initial-advertise-peer-urls=" WORD,
                           peer->name, urls);
    peer_fini(&given);
    return status;
}

/* ------------------------------------------------------------------------------------- JSON --- */

static void raft_fields(const struct ss_peer *peer, struct ss_bytes *out)
{
    ss_bytes_text(out, "\"peerURLs\":[");
    for (size_t i = 0; i < peer->url_count; i++) {
        ss_bytes_text(out, i > 0 ? "," : "");
        ss_bytes_json(out, peer->urls[i]);
    }
    ss_bytes_text(out, peer->is_learner ? "],\"isLearner\":true" : "]");
}

void ss_peer_raft_json(const struct ss_peer *peer, struct ss_bytes *out)
{
    ss_bytes_text(out, "{");
    raft_fields(peer, out);
    ss_bytes_text(out, "}");
}

void ss_peer_json(const struct ss_peer *peer, struct ss_bytes *out)
{
    ss_bytes_format(out, "{\"id\":%" PRIu64 ",", peer->id);
    raft_fields(peer, out);
    ss_bytes_text(out, ",\"name\":");
    ss_bytes_json(out, peer->name);
    ss_bytes_text(out, "}");
}
