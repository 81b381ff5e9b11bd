/*
 * go_url.c - see go_url.h.
 */
#include "restore/go_url.h"

#include <arpa/inet.h>
#include <string.h>

/* What a part of a URL is; its bytes stand as they are or as %XX by it. */
enum part {
    PART_PATH,
    PART_HOST,
    PART_ZONE,
    PART_USER,
    PART_FRAGMENT
};

struct piece {
    const char *p;
    size_t len;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Letters and digits pass everywhere, and what is listed for the part. */
static bool stands_as_it_is(uint8_t c, enum part part)
{
    static const char *const others[] = {
        [PART_PATH] = "-_.~$&+,/:;=@",          [PART_HOST] = "-_.~!$&'()*+,;=:[]<>\"",
        [PART_ZONE] = "-_.~!$&'()*+,;=:[]<>\"", [PART_USER] = "-_.~$&+,;=",
        [PART_FRAGMENT] = "-_.~$&+,/:;=?@!()*",
    };

    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        return true;
    }
    return c != 0 && strchr(others[part], c) != NULL;
}

/* Whether %XX may stand in the part: a host has it for bytes beyond ASCII only, and for %. */
static bool escape_passes(uint8_t byte, enum part part)
{
    if (part == PART_HOST) {
        return byte >= 0x80 || byte == '%';
    }
    if (part == PART_ZONE) {
        return byte == '%' || byte == ' ' || stands_as_it_is(byte, PART_HOST);
    }
    return true;
}

static enum ss_go_url_fault unescape(struct piece in, enum part part, struct ss_bytes *out)
{
    for (size_t i = 0; i < in.len; i++) {
        uint8_t byte = (uint8_t)in.p[i];

        if (byte == '%') {
            int high = i + 1 < in.len ? hex_digit(in.p[i + 1]) : -1;
            int low = i + 2 < in.len ? hex_digit(in.p[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return SS_GO_URL_ESCAPE;
            }
            byte = (uint8_t)(high << 4 | low);
            if (!escape_passes(byte, part)) {
                return SS_GO_URL_ESCAPE;
            }
            i += 2;
        } else if ((part == PART_HOST || part == PART_ZONE) && byte < 0x80 &&
                   !stands_as_it_is(byte, part)) {
            return SS_GO_URL_HOST;
        }
        ss_bytes_add(out, &byte, 1);
    }
    return out->failed ? SS_GO_URL_NOMEM : SS_GO_URL_GOOD;
}

static void escape(const struct ss_bytes *in, enum part part, struct ss_bytes *out)
{
    for (size_t i = 0; i < in->len; i++) {
        if (stands_as_it_is(in->ptr[i], part)) {
            ss_bytes_add(out, &in->ptr[i], 1);
        } else {
            ss_bytes_format(out, "%%%02X", in->ptr[i]);
        }
    }
}

static struct piece cut_at(struct piece *rest, char byte, bool *found)
{
    const char *at = rest->len == 0 ? NULL : memchr(rest->p, byte, rest->len);
    struct piece before = *rest;

    *found = at != NULL;
    if (at != NULL) {
        before.len = (size_t)(at - rest->p);
        rest->p = at + 1;
        rest->len -= before.len + 1;
    } else {
        rest->p += rest->len;
        rest->len = 0;
    }
    return before;
}

/* ----------------------------------------------------------------------------------- parsing --- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Takes "SCHEME:" off; none where another character comes first. */
static enum ss_go_url_fault take_scheme(struct piece *rest, struct ss_bytes *scheme)
{
    size_t i = 0;

    while (i < rest->len &&
           (is_letter(rest->p[i]) ||
            (i > 0 && rest->p[i] != '\0' && strchr("0123456789+-.", rest->p[i]) != NULL))) {
        i++;
    }
    if (i == rest->len || rest->p[i] != ':') {
        return SS_GO_URL_GOOD;
    }
    if (i == 0) {
        return SS_GO_URL_SCHEME;
    }
    for (size_t k = 0; k < i; k++) {
        char c = rest->p[k];

        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + ('a' - 'A'));
        }
        ss_bytes_add(scheme, &c, 1);
    }
    rest->p += i + 1;
    rest->len -= i + 1;
    return SS_GO_URL_GOOD;
}

static bool is_port(struct piece text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (i == 0 ? text.p[i] != ':' : text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return true;
}

/* An IPv6 address, with a zone behind a % or without one. */
static bool is_ipv6(const struct ss_bytes *host, size_t from)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const uint8_t *start = host->ptr + from;
    size_t len = host->len - from;
    const uint8_t *zone = len == 0 ? NULL : memchr(start, '%', len);
    size_t address_len = zone == NULL ? len : (size_t)(zone - start);

    if (address_len >= sizeof(text) || (zone != NULL && address_len + 1 == len)) {
        return false;
    }
    memcpy(text, start, address_len);
    text[address_len] = '\0';
    return strlen(text) == address_len && inet_pton(AF_INET6, text, &address) == 1;
}

/* "[ADDRESS]" or "[ADDRESS%25ZONE]", and a port. */
static enum ss_go_url_fault parse_literal(struct piece in, struct ss_bytes *host)
{
    const char *close = memrchr(in.p, ']', in.len), *zone;
    struct piece name, port;
    enum ss_go_url_fault fault;

    if (close == NULL) {
        return SS_GO_URL_HOST;
    }
    name = (struct piece){in.p + 1, (size_t)(close - in.p) - 1};
    port = (struct piece){close + 1, in.len - name.len - 2};
    if (!is_port(port)) {
        return SS_GO_URL_PORT;
    }
    zone = memmem(name.p, name.len, "%25", 3);
    ss_bytes_add(host, "[", 1);
    fault = unescape((struct piece){name.p, zone != NULL ? (size_t)(zone - name.p) : name.len},
                     PART_HOST, host);
    if (fault == SS_GO_URL_GOOD && zone != NULL) {
        fault = unescape((struct piece){zone, name.len - (size_t)(zone - name.p)}, PART_ZONE, host);
    }
    if (fault == SS_GO_URL_GOOD && !is_ipv6(host, 1)) {
        fault = SS_GO_URL_HOST;
    }
    ss_bytes_add(host, "]", 1);
    ss_bytes_add(host, port.p, port.len);
    return fault == SS_GO_URL_GOOD && host->failed ? SS_GO_URL_NOMEM : fault;
}

/* Several colons pass only outside of http. */
static enum ss_go_url_fault parse_host(struct piece in, bool strict, struct ss_bytes *host)
{
    const char *open = in.len == 0 ? NULL : memrchr(in.p, '[', in.len), *colon;

    if (open != NULL) {
        return open > in.p ? SS_GO_URL_HOST : parse_literal(in, host);
    }
    if (in.len > 0) {
        colon = strict ? memchr(in.p, ':', in.len) : memrchr(in.p, ':', in.len);
        if (colon != NULL && !is_port((struct piece){colon, in.len - (size_t)(colon - in.p)})) {
            return SS_GO_URL_PORT;
        }
    }
    return unescape(in, PART_HOST, host);
}

static bool is_userinfo(struct piece in)
{
    for (size_t i = 0; i < in.len; i++) {
        if (!is_letter(in.p[i]) && (in.p[i] < '0' || in.p[i] > '9') &&
            strchr("-._:~!$&'()*+,;=%@", in.p[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static enum ss_go_url_fault parse_user(struct piece in, struct ss_go_url *out)
{
    struct piece name;
    enum ss_go_url_fault fault;

    if (!is_userinfo(in)) {
        return SS_GO_URL_USER;
    }
    out->has_user = true;
    name = cut_at(&in, ':', &out->has_password);
    fault = unescape(name, PART_USER, &out->user);
    return fault == SS_GO_URL_GOOD ? unescape(in, PART_USER, &out->password) : fault;
}

static enum ss_go_url_fault parse_authority(struct piece in, struct ss_go_url *out)
{
    const char *at = in.len == 0 ? NULL : memrchr(in.p, '@', in.len);
    size_t user_len = at == NULL ? 0 : (size_t)(at - in.p);
    struct piece host = at == NULL ? in : (struct piece){at + 1, in.len - user_len - 1};
    bool strict = out->scheme.len >= 4 && memcmp(out->scheme.ptr, "http", 4) == 0 &&
                  (out->scheme.len == 4 || (out->scheme.len == 5 && out->scheme.ptr[4] == 's'));
    enum ss_go_url_fault fault = parse_host(host, strict, &out->host);

    if (fault != SS_GO_URL_GOOD || at == NULL) {
        return fault;
    }
    return parse_user((struct piece){in.p, user_len}, out);
}

/* What follows "SCHEME:", without query and fragment. */
static enum ss_go_url_fault parse_rest(struct piece rest, struct ss_go_url *out)
{
    enum ss_go_url_fault fault = SS_GO_URL_GOOD;

    if (rest.len == 0 || rest.p[0] != '/') {
        bool has_slash, has_colon;
        struct piece first = rest;

        if (out->scheme.len > 0) {
            out->opaque = rest.p;
            out->opaque_len = rest.len;
            return SS_GO_URL_GOOD;
        }
        first = cut_at(&first, '/', &has_slash);
        cut_at(&first, ':', &has_colon);
        if (has_colon) {
            return SS_GO_URL_SCHEME;
        }
    }
    if (rest.len >= 2 && rest.p[0] == '/' && rest.p[1] == '/' &&
        (out->scheme.len > 0 || rest.len < 3 || rest.p[2] != '/')) {
        const char *slash;
        struct piece authority = {rest.p + 2, rest.len - 2};

        slash = authority.len == 0 ? NULL : memchr(authority.p, '/', authority.len);
        if (slash != NULL) {
            authority.len = (size_t)(slash - authority.p);
        }
        rest.len -= authority.len + 2;
        rest.p = authority.p + authority.len;
        fault = parse_authority(authority, out);
    } else {
        out->has_no_host = out->scheme.len > 0 && rest.len > 0;
    }
    out->raw_path = rest.p;
    out->raw_path_len = rest.len;
    return fault == SS_GO_URL_GOOD ? unescape(rest, PART_PATH, &out->path) : fault;
}

enum ss_go_url_fault ss_go_url_parse(const char *text, struct ss_go_url *out)
{
    struct piece fragment = {text, strlen(text)}, rest;
    enum ss_go_url_fault fault;
    bool has_fragment;

    *out = (struct ss_go_url){0};
    rest = cut_at(&fragment, '#', &has_fragment);
    for (size_t i = 0; i < rest.len; i++) {
        if ((uint8_t)rest.p[i] < ' ' || rest.p[i] == 0x7F) {
            return SS_GO_URL_CONTROL;
        }
    }
    fault = take_scheme(&rest, &out->scheme);
    if (fault != SS_GO_URL_GOOD) {
        return fault;
    }
    out->raw_fragment = fragment.p;
    out->raw_fragment_len = fragment.len;
    struct piece query = rest;
    rest = cut_at(&query, '?', &out->has_query);
    out->query = query.p;
    out->query_len = query.len;
    /* An empty query stands only when the text ends with its one "?". */
    fault = parse_rest(rest, out);
    if (fault == SS_GO_URL_GOOD) {
        fault = unescape(fragment, PART_FRAGMENT, &out->fragment);
    }
    return fault == SS_GO_URL_GOOD && out->scheme.failed ? SS_GO_URL_NOMEM : fault;
}

void ss_go_url_fini(struct ss_go_url *url)
{
    ss_bytes_fini(&url->scheme);
    ss_bytes_fini(&url->user);
    ss_bytes_fini(&url->password);
    ss_bytes_fini(&url->host);
    ss_bytes_fini(&url->path);
    ss_bytes_fini(&url->fragment);
}

/* ----------------------------------------------------------------------------------- writing --- */

/* Whether a part as it was typed says the same as Go's own way to write it, and may stay. */
static bool stays_as_typed(const char *raw, size_t len, enum part part)
{
    for (size_t i = 0; i < len; i++) {
        if ((raw[i] == '\0' || strchr("!$&'()*+,;=:@[]%", raw[i]) == NULL) &&
            !stands_as_it_is((uint8_t)raw[i], part)) {
            return false;
        }
    }
    return true;
}

static void write_part(const struct ss_bytes *decoded, const char *raw, size_t raw_len,
                       enum part part, struct ss_bytes *out)
{
    if (stays_as_typed(raw, raw_len, part)) {
        ss_bytes_add(out, raw, raw_len);
    } else {
        escape(decoded, part, out);
    }
}

static void write_user(const struct ss_go_url *url, struct ss_bytes *out)
{
    escape(&url->user, PART_USER, out);
    if (url->has_password) {
        ss_bytes_add(out, ":", 1);
        escape(&url->password, PART_USER, out);
    }
    ss_bytes_add(out, "@", 1);
}

static void write_hierarchy(const struct ss_go_url *url, struct ss_bytes *out)
{
    bool has_authority = url->host.len > 0 || url->has_user;

    if (!(url->has_no_host && !has_authority) && (has_authority || url->path.len > 0)) {
        ss_bytes_text(out, url->scheme.len > 0 || has_authority ? "//" : "");
    }
    if (url->has_user) {
        write_user(url, out);
    }
    escape(&url->host, PART_HOST, out);
    write_part(&url->path, url->raw_path, url->raw_path_len, PART_PATH, out);
}

void ss_go_url_write(const struct ss_go_url *url, struct ss_bytes *out)
{
    if (url->scheme.len > 0) {
        ss_bytes_add(out, url->scheme.ptr, url->scheme.len);
        ss_bytes_add(out, ":", 1);
    }
    if (url->opaque_len > 0) {
        ss_bytes_add(out, url->opaque, url->opaque_len);
    } else {
        write_hierarchy(url, out);
    }
    if (url->has_query) {
        ss_bytes_add(out, "?", 1);
        ss_bytes_add(out, url->query, url->query_len);
    }
    if (url->fragment.len > 0) {
        ss_bytes_add(out, "#", 1);
        write_part(&url->fragment, url->raw_fragment, url->raw_fragment_len, PART_FRAGMENT, out);
    }
}

bool ss_go_url_has_port(const struct ss_go_url *url)
{
    const uint8_t *host = url->host.ptr;
    size_t len = url->host.len;
    const uint8_t *colon = len == 0 ? NULL : memrchr(host, ':', len);
    const uint8_t *close;

    if (colon == NULL) {
        return false;
    }
    if (host[0] != '[') {
        return memchr(host, ':', len) == colon && memchr(host, '[', len) == NULL &&
               memchr(host, ']', len) == NULL;
    }
    close = memchr(host, ']', len);
    return close != NULL && close + 1 == colon && memchr(host + 1, '[', len - 1) == NULL &&
           memchr(close + 1, ']', len - (size_t)(close + 1 - host)) == NULL;
}
