/*
 * info_etcd.c - what the buckets of an etcd file say, one after the other. A bucket that cannot be
 * read leaves its own answer unknown and the others as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "print.h"
#include "run.h"

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void add_ids(struct cli_info *info, const uint64_t *ids, size_t count)
{
    if (count > 0) {
        memcpy(info->conf_ids + info->conf_id_count, ids, count * sizeof(*ids));
        info->conf_id_count += count;
    }
}

static void sort_conf_ids(struct cli_info *info)
{
    const struct ss_conf_state *conf = &info->meta->conf_state;
    size_t count = conf->voter_count + conf->learner_count + conf->voters_outgoing_count +
                   conf->learners_next_count;
    info->conf_ids = cli_must_alloc(count * sizeof(*info->conf_ids));
    add_ids(info, conf->voters, conf->voter_count);
    add_ids(info, conf->learners, conf->learner_count);
    add_ids(info, conf->voters_outgoing, conf->voters_outgoing_count);
    add_ids(info, conf->learners_next, conf->learners_next_count);
    qsort(info->conf_ids, count, sizeof(*info->conf_ids), compare_ids);
}

static bool in_conf_state(const struct cli_info *info, uint64_t id)
{
    return info->conf_id_count > 0 &&
           bsearch(&id, info->conf_ids, info->conf_id_count, sizeof(id), compare_ids) != NULL;
}

/* If confState knows none of the members, it is the old cluster's: restored, and not started since. */
bool cli_info_zombie(const struct cli_info *info, const struct cli_info_member *member)
{
    if (!member->listed || member->removed) {
        return member->listed;
    }
    return info->conf_knows_one && !member->in_conf_state;
}

static int compare_members(const void *a, const void *b, void *members)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int by_id = compare_ids(&((struct cli_info_member *)members)[x].id,
                            &((struct cli_info_member *)members)[y].id);
    return by_id != 0 ? by_id : (x > y) - (x < y);
}

/* All listed members are known when the first removed one comes. */
static void order_listed(struct cli_info *info)
{
    info->listed_count = info->member_count;
    info->listed_order = cli_must_alloc(info->listed_count * sizeof(*info->listed_order));
    for (size_t i = 0; i < info->listed_count; i++) {
        info->listed_order[i] = i;
    }
    qsort_r(info->listed_order, info->listed_count, sizeof(*info->listed_order), compare_members,
            info->members);
}

/* The listed member of that id, the first of several; NULL: none. */
static struct cli_info_member *find_listed(const struct cli_info *info, uint64_t id)
{
    size_t low = 0, high = info->listed_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (info->members[info->listed_order[middle]].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == info->listed_count || info->members[info->listed_order[low]].id != id) {
        return NULL;
    }
    return &info->members[info->listed_order[low]];
}

static bool on_member(void *ctx, const struct ss_member *member)
{
    struct cli_info *info = ctx;
    if (member->removed) {
        if (info->listed_order == NULL) {
            order_listed(info);
        }
        struct cli_info_member *listed = find_listed(info, member->id);
        if (listed != NULL) {
            listed->removed = true;
            return true;
        }
    }
    bool known = in_conf_state(info, member->id);
    info->conf_knows_one = info->conf_knows_one || (known && !member->removed);
    info->members = cli_info_grow(info->members, info->member_count, &info->member_room,
                                  sizeof(*info->members));
    info->members[info->member_count++] = (struct cli_info_member){
        .id = member->id,
        .name = cli_escaped(member->name.ptr, member->name.len),
        .learner = member->is_learner,
        .removed = member->removed,
        .listed = !member->removed,
        .in_conf_state = known,
    };
    return true;
}

static bool on_alarm(void *ctx, const struct ss_alarm *alarm)
{
    struct cli_info *info = ctx;
    info->alarms =
        cli_info_grow(info->alarms, info->alarm_count, &info->alarm_room, sizeof(*info->alarms));
    info->alarms[info->alarm_count++] = (struct cli_info_alarm){alarm->member_id, alarm->type};
    return true;
}

static bool on_user(void *ctx, const struct ss_user *user)
{
    (void)user;
    ((struct cli_info *)ctx)->user_count++;
    return true;
}

static bool on_role(void *ctx, const struct ss_role *role)
{
    (void)role;
    ((struct cli_info *)ctx)->role_count++;
    return true;
}

static bool on_lease(void *ctx, const struct ss_lease *lease)
{
    (void)lease;
    ((struct cli_info *)ctx)->lease_count++;
    return true;
}

/* Each returns false when the system failed. */
static bool gather_meta(struct cli_info *info)
{
    struct ss_error err;
    uint64_t fault_count;
    enum ss_status status =
        ss_etcd_meta_new(info->run->file, cli_info_fault, info, &fault_count, &info->meta, &err);
    if (info->meta != NULL && info->meta->has_conf_state) {
        sort_conf_ids(info);
    }
    return cli_info_note(info, status, &err);
}

static bool gather_members(struct cli_info *info)
{
    struct ss_error err;
    uint64_t fault_count;
    enum ss_status status =
        ss_members(info->run->file, on_member, cli_info_fault, info, &fault_count, &err);
    info->members_known = status == SS_OK;
    return cli_info_note(info, status, &err);
}

static bool gather_alarms(struct cli_info *info)
{
    struct ss_error err;
    uint64_t fault_count;
    enum ss_status status =
        ss_alarms(info->run->file, on_alarm, cli_info_fault, info, &fault_count, &err);
    info->alarms_known = status == SS_OK;
    return cli_info_note(info, status, &err);
}

static bool gather_auth(struct cli_info *info)
{
    static const struct ss_auth_ops ops = {
        .on_user = on_user, .on_role = on_role, .on_fault = cli_info_fault};
    struct ss_error err;
    uint64_t fault_count;
    enum ss_status status = ss_auth(info->run->file, &ops, info, &info->auth, &fault_count, &err);
    info->auth_known = status == SS_OK;
    return cli_info_note(info, status, &err);
}

static bool gather_leases(struct cli_info *info)
{
    struct ss_error err;
    uint64_t fault_count;
    enum ss_status status =
        ss_leases(info->run->file, on_lease, cli_info_fault, info, &fault_count, &err);
    info->leases_known = status == SS_OK;
    return cli_info_note(info, status, &err);
}

static bool gather_figures(struct cli_info *info)
{
    struct ss_error err;
    const struct ss_call call = cli_run_call(info->run);
    enum ss_status status = ss_key_figures(info->run->file, &call, &info->figures, &err);
    info->figures_known = status == SS_OK;
    return cli_info_note(info, status, &err);
}

/* False: this is no etcd file, or it cannot be told. */
static bool gather_revs(struct cli_info *info)
{
    struct ss_error err;
    enum ss_status status = ss_rev_facts(info->run->file, &info->revs, &err);
    if (status == SS_OK) {
        info->revs_known = info->revs.is_etcd;
        return info->revs_known;
    }
    info->revs = (struct ss_rev_facts){0};
    /* etcd always makes a bucket `meta`: without it, `key` is somebody else's. */
    info->foreign_key = err.code == SS_E_REV_KEY && !cli_info_has_bucket(info, "meta");
    if (info->foreign_key) {
        return false;
    }
    return cli_info_note(info, status, &err) && cli_info_has_bucket(info, "key");
}

void cli_info_gather_etcd(struct cli_info *info)
{
    static bool (*const parts[])(struct cli_info *) = {
        gather_meta, gather_members, gather_alarms, gather_auth, gather_leases, gather_figures,
    };
    if (!gather_revs(info)) {
        return;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && parts[i](info); i++) {
    }
}
