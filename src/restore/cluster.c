/*
 * cluster.c - see cluster.h.
 */
#include "restore/cluster.h"

#include "restore/go_url.h"
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
    for (size_t i = 0; i < peer->url_count; i++) {
        free(peer->urls[i]);
    }
    free(peer->urls);
    free(peer->name);
}

void ss_cluster_fini(struct ss_cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++) {
        peer_fini(&cluster->peers[i]);
    }
    free(cluster->peers);
    *cluster = (struct ss_cluster){0};
}

const struct ss_peer *ss_cluster_find(const struct ss_cluster *cluster, const char *name)
{
    for (size_t i = 0; i < cluster->count; i++) {
        if (strcmp(cluster->peers[i].name, name) == 0) {
            return &cluster->peers[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------- URLs --- */

static enum ss_status refuse_fault(struct ss_error *err, enum ss_go_url_fault fault,
                                   const char *url)
{
    static const char *const words[] = {
        [SS_GO_URL_CONTROL] = "peer URL has a control character",
        [SS_GO_URL_SCHEME] = "peer URL has a colon but no scheme before it",
        [SS_GO_URL_ESCAPE] = "peer URL has a % that stands for no character which may stand there",
        [SS_GO_URL_USER] = "peer URL has a user's name of characters that it must not have",
        [SS_GO_URL_HOST] = "peer URL has a host of characters that it must not have",
        [SS_GO_URL_PORT] = "peer URL has a port that is no number",
    };

    return fault == SS_GO_URL_NOMEM ? no_memory(err) : refuse(err, words[fault], url);
}

static bool is_scheme(const struct ss_go_url *url, const char *name)
{
    return url->scheme.len == strlen(name) && memcmp(url->scheme.ptr, name, url->scheme.len) == 0;
}

/* What types.NewURLs of etcd wants of a URL that Go can read. */
static enum ss_status check_url(const struct ss_go_url *url, const char *text, struct ss_error *err)
{
    if (is_scheme(url, "unix") || is_scheme(url, "unixs")) {
        return SS_OK;
    }
    if (!is_scheme(url, "http") && !is_scheme(url, "https")) {
        return refuse(err, "peer URL scheme must be http, https, unix or unixs", text);
    }
    if (!ss_go_url_has_port(url)) {
        return refuse(err, "peer URL is not of the form http://host:port", text);
    }
    return url->path.len == 0 ? SS_OK : refuse(err, "peer URL must not have a path", text);
}

/* Length of the space at the start of a text, or at its end, in what Unicode calls white. */
static size_t space_at(const uint8_t *text, size_t len, bool at_end)
{
    static const char *const spaces[] = {
        "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u00a0", "\xc2\x85", "\u1680",
        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",   "\u2008",
        "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        size_t n = strlen(spaces[i]);

        if (n <= len && memcmp(at_end ? text + len - n : text, spaces[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

/* strings.TrimSpace, in place. */
static char *trimmed(char *text)
{
    size_t len = strlen(text), n;

    while ((n = space_at((const uint8_t *)text, len, false)) > 0) {
        text += n;
        len -= n;
    }
    while ((n = space_at((const uint8_t *)text, len, true)) > 0) {
        len -= n;
    }
    text[len] = '\0';
    return text;
}

/* The URL as etcd goes by it, on the heap: what Go writes of what it has read. */
static enum ss_status read_url(char *text, char **out, struct ss_error *err)
{
    struct ss_go_url url;
    struct ss_bytes written = {0};
    enum ss_go_url_fault fault;
    enum ss_status status;

    text = trimmed(text);
    fault = ss_go_url_parse(text, &url);
    status = fault == SS_GO_URL_GOOD ? check_url(&url, text, err) : refuse_fault(err, fault, text);
    if (status == SS_OK) {
        ss_go_url_write(&url, &written);
        ss_bytes_add(&written, "", 1);
        if (written.failed) {
            status = no_memory(err);
        } else if (!ss_text_is_clean(written.ptr, written.len - 1)) {
            status = refuse(err, "peer URL is no UTF-8", text);
        }
    }
    ss_go_url_fini(&url);
    if (status == SS_OK) {
        *out = (char *)written.ptr;
    } else {
        ss_bytes_fini(&written);
    }
    return status;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum ss_status add_url(struct ss_peer *peer, char *text, struct ss_error *err)
{
    char *url = NULL;
    enum ss_status status = read_url(text, &url, err);

    if (status != SS_OK) {
        return status;
    }
    if (!ss_array_room_counted(peer->urls, peer->url_count)) {
        free(url);
        return no_memory(err);
    }
    peer->urls[peer->url_count++] = url;
    return SS_OK;
}

/* ---------------------------------------------------------------------------------- members --- */

static enum ss_status add_peer(struct ss_cluster *cluster, const char *name, struct ss_peer **out,
                               struct ss_error *err)
{
    if (name[0] == '\0' || !ss_text_is_clean(name, strlen(name))) {
        return refuse(err, "initial cluster has a member without a proper name", name);
    }
    if (!ss_array_room_counted(cluster->peers, cluster->count)) {
        return no_memory(err);
    }
    *out = &cluster->peers[cluster->count];
    **out = (struct ss_peer){.name = strdup(name)};
    if ((*out)->name == NULL) {
        return no_memory(err);
    }
    cluster->count++;
    return SS_OK;
}

/* One "name=url" of the list. */
static enum ss_status add_pair(struct ss_cluster *cluster, char *pair, struct ss_error *err)
{
    char *equals = strchr(pair, '=');
    struct ss_peer *peer = NULL;
    enum ss_status status = SS_OK;

    if (equals == NULL) {
        return refuse(err, "initial cluster must read NAME=URL,…", pair);
    }
    *equals = '\0';
    for (size_t i = 0; i < cluster->count && peer == NULL; i++) {
        if (strcmp(cluster->peers[i].name, pair) == 0) {
            peer = &cluster->peers[i];
        }
    }
    if (peer == NULL) {
        status = add_peer(cluster, pair, &peer, err);
    }
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
         part != NULL && status == SS_OK; part = strtok_r(NULL, ",", &rest)) {
        status = each(cluster, part, err);
    }
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
        digest_len != SHA1_LEN) {
        return false;
    }
    *out = ss_load_u64(digest, true);
    return true;
}

static enum ss_status set_id(struct ss_peer *peer, const char *token, struct ss_error *err)
{
    struct ss_bytes text = {0};
    bool ok;

    qsort(peer->urls, peer->url_count, sizeof(*peer->urls), compare_texts);
    for (size_t i = 0; i < peer->url_count; i++) {
        ss_bytes_text(&text, peer->urls[i]);
    }
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

    if (cluster->count == 0) {
        return ss_system(err, SS_E_ARGUMENT, 0, "initial cluster has no members");
    }
    for (size_t i = 0; i < cluster->count && status == SS_OK; i++) {
        status = set_id(&cluster->peers[i], token, err);
    }
    if (status != SS_OK) {
        return status;
    }
    qsort(cluster->peers, cluster->count, sizeof(*cluster->peers), compare_peers);
    for (size_t i = 0; i < cluster->count; i++) {
        uint8_t id[8];

        ss_store_u64(id, cluster->peers[i].id, true);
        ss_bytes_add(&ids, id, sizeof(id));
    }
    if (ids.failed || !sha1_u64(ids.ptr, ids.len, &cluster->id)) {
        status = no_memory(err);
    }
    ss_bytes_fini(&ids);
    return status;
}

static enum ss_status check_urls_once(const struct ss_cluster *cluster, struct ss_error *err)
{
    for (size_t i = 0; i < cluster->count; i++) {
        for (size_t j = 0; j < cluster->peers[i].url_count; j++) {
            for (size_t k = i; k < cluster->count; k++) {
                for (size_t m = k == i ? j + 1 : 0; m < cluster->peers[k].url_count; m++) {
                    if (strcmp(cluster->peers[i].urls[j], cluster->peers[k].urls[m]) == 0) {
                        return refuse(err, "initial cluster has one peer URL twice",
                                      cluster->peers[i].urls[j]);
                    }
                }
            }
        }
    }
    return SS_OK;
}

static enum ss_status check_members(const struct ss_cluster *cluster, struct ss_error *err)
{
    size_t voters = 0;

    if (check_urls_once(cluster, err) != SS_OK) {
        return SS_SYSTEM;
    }
    for (size_t i = 0; i < cluster->count; i++) {
        voters += !cluster->peers[i].is_learner;
        if (cluster->peers[i].id == 0 ||
            (i > 0 && cluster->peers[i].id == cluster->peers[i - 1].id)) {
            return refuse(err, "member's id is that of another, or none", cluster->peers[i].name);
        }
    }
    if (voters == 0) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "every member is a learner: nobody could elect a leader");
    }
    return SS_OK;
}

enum ss_status ss_cluster_parse(const char *initial_cluster, const char *token,
                                const char *learners, struct ss_cluster *out, struct ss_error *err)
{
    enum ss_status status;

    *out = (struct ss_cluster){0};
    status = for_each_part(initial_cluster, add_pair, out, err);
    if (status == SS_OK && learners != NULL) {
        status = for_each_part(learners, mark_learner, out, err);
    }
    if (status == SS_OK) {
        status = set_ids(out, token, err);
    }
    if (status == SS_OK) {
        status = check_members(out, err);
    }
    if (status != SS_OK) {
        ss_cluster_fini(out);
    }
    return status;
}

/* Every part of a list with commas: here, unlike in the initial cluster, an empty one is a URL. */
static enum ss_status add_urls(struct ss_peer *peer, const char *urls, struct ss_error *err)
{
    char *copy = strdup(urls), *rest = copy;
    enum ss_status status = copy == NULL ? no_memory(err) : SS_OK;

    while (status == SS_OK && rest != NULL) {
        status = add_url(peer, strsep(&rest, ","), err);
    }
    free(copy);
    return status;
}

enum ss_status ss_cluster_check_urls(const struct ss_peer *peer, const char *urls,
                                     struct ss_error *err)
{
    struct ss_peer given = {0};
    enum ss_status status = add_urls(&given, urls, err);
    bool same = given.url_count == peer->url_count;

    if (status == SS_OK && given.url_count > 0) {
        qsort(given.urls, given.url_count, sizeof(*given.urls), compare_texts);
    }
    for (size_t i = 0; status == SS_OK && same && i < given.url_count; i++) {
        same = strcmp(given.urls[i], peer->urls[i]) == 0;
    }
    if (status == SS_OK && !same) {
        status = ss_system(err, SS_E_ARGUMENT, 0,
                           "the initial cluster has member " WORD
                           " with other peer URLs than those that it is to advertise: " WORD,
                           peer->name, urls);
    }
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
