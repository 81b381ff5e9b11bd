/*
 * The leaves of a tree by threads: the leaves that a cursor meets, in its order, and the fault that it
 * meets first, with any number of threads.
 */
#include "build_db.h"

#include "parser/leaves.h"
#include "util/call.h"
#include "util/endian.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const unsigned thread_counts[] = {1, 2, 3, 4, 8, 99};

#define TIMES (sizeof(thread_counts) / sizeof(thread_counts[0]))

/* Of a part, or of the whole tree: which leaves came by. */
struct list {
    uint64_t *pgids;
    size_t count;
};

struct walk {
    struct list all;
    uint64_t last; /* on_leaf ends the walk behind this page; 0: nowhere */
    uint64_t held; /* this page waits until a later one has come by on another thread */
    atomic_bool passed;
    size_t part_count;   /* parts handed over */
    size_t refused_part; /* on_part fails at this one; 0: at none */
    uint64_t entered;    /* pages, of a walk to the end */
    const struct ss_call *call;
    atomic_bool elsewhere; /* a leaf came by on another thread than `caller` */
    pthread_t caller;
};

static void list_add(struct list *list, uint64_t pgid)
{
    list->pgids = realloc(list->pgids, (list->count + 1) * sizeof(*list->pgids));
    assert_non_null(list->pgids);
    list->pgids[list->count++] = pgid;
}

/* Leaves have ascending page ids. A walk without another thread waits in vain, and then goes on. */
static void hold(struct walk *w, uint64_t pgid)
{
    if (w->held == 0 || pgid < w->held) {
        return;
    }
    if (pgid > w->held) {
        atomic_store(&w->passed, true);
    }
    for (int i = 0; i < 20 && !atomic_load(&w->passed); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static enum ss_status on_leaf(void *ctx, void *slot, const struct ss_page_view *leaf,
                              struct ss_error *err)
{
    struct walk *w = ctx;

    (void)err;
    if (w->call != NULL && !pthread_equal(w->caller, pthread_self())) {
        atomic_store(&w->elsewhere, true);
    }
    hold(w, leaf->pgid);
    list_add(slot, leaf->pgid);
    return w->last != 0 && leaf->pgid == w->last ? SS_END : SS_OK;
}

static enum ss_status on_part(void *ctx, void *slot, struct ss_error *err)
{
    struct walk *w = ctx;
    struct list *part = slot;

    for (size_t i = 0; i < part->count; i++) {
        list_add(&w->all, part->pgids[i]);
    }
    part->count = 0;
    if (++w->part_count == w->refused_part) {
        return ss_system(err, SS_E_CANCELLED, 0, "cancelled");
    }
    return SS_OK;
}

static void slot_fini(void *slot)
{
    free(((struct list *)slot)->pgids);
}

static const struct ss_leaves_ops ops = {.slot_len = sizeof(struct list),
                                         .on_leaf = on_leaf,
                                         .on_part = on_part,
                                         .slot_fini = slot_fini};

/* ---- trees ---- */

struct tree {
    uint8_t *bytes;
    size_t len;
    uint32_t page_size;
};

/* Parts end with their branch: a branch of few children makes many parts of a small file. */
static struct tree tree_new(uint32_t page_size, bool big, uint32_t leaf_max, uint32_t count,
                            size_t value_len, bool is_inline)
{
    struct ss_test_db *db = ss_test_db_new(page_size, big);
    uint32_t bucket = ss_test_db_bucket(db, SS_TEST_ROOT, "tree", is_inline);
    struct tree t = {.page_size = page_size};
    uint8_t *value = calloc(1, value_len + 1);
    char key[16];

    assert_non_null(value);
    ss_test_db_leaf_max(db, leaf_max);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%06u", (unsigned)i);
        ss_test_db_put(db, bucket, key, 7, value, i % 7 == 6 ? value_len : 1);
    }
    free(value);
    t.bytes = ss_test_db_finish(db, &t.len);
    return t;
}

static struct ss_file *tree_open(const struct tree *t, struct ss_tree *tree)
{
    struct ss_error err;
    struct ss_file *file;
    struct ss_tree root;

    assert_int_equal(ss_open_memory(t->bytes, t->len, "tree", NULL, &file, &err), SS_OK);
    root = ss_tree_root(file);
    assert_int_equal(ss_tree_find_bucket(file, &root, "", ss_span_of("tree", 4), tree, &err),
                     SS_OK);
    return file;
}

/* What a cursor meets, element by element. */
static struct list leaves_of(const struct tree *t)
{
    struct list list = {0};
    struct ss_tree tree;
    struct ss_file *file = tree_open(t, &tree);
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_error err;

    ss_cursor_init(&c, file, &tree, "tree");
    for (enum ss_status st = ss_cursor_first(&c, &entry, &err); st == SS_OK;
         st = ss_cursor_next(&c, &entry, &err)) {
        if (list.count == 0 || list.pgids[list.count - 1] != entry.pgid) {
            list_add(&list, entry.pgid);
        }
    }
    ss_close(file);
    return list;
}

/* Walks with one number of threads. */
static enum ss_status run(const struct tree *t, unsigned threads, struct walk *w,
                          struct ss_error *err)
{
    struct ss_tree tree;
    struct ss_file *file = tree_open(t, &tree);
    struct ss_call call = *ss_call_or_none(w->call);
    enum ss_status st;

    call.threads = threads;
    ss_error_clear(err);
    w->all = (struct list){0};
    w->part_count = 0;
    atomic_store(&w->passed, false);
    w->entered = 0;
    st = ss_leaves_run(file, &tree, "tree", &ops, w, &call, &w->entered, err);
    ss_close(file);
    return st;
}

/* With every number of threads: the first `count` of `due`, and this end. */
static void expect(const struct tree *t, struct walk *w, const struct list *due, size_t count,
                   enum ss_status status, enum ss_code code, uint64_t off, uint64_t pgid)
{
    for (size_t i = 0; i < TIMES; i++) {
        struct ss_error err;

        assert_int_equal(run(t, thread_counts[i], w, &err), status);
        assert_int_equal(w->all.count, count);
        assert_memory_equal(w->all.pgids, due->pgids, count * sizeof(*due->pgids));
        assert_int_equal(err.code, code);
        assert_int_equal(err.off, off);
        assert_int_equal(err.pgid, pgid);
        assert_string_equal(err.bucket, status == SS_CORRUPT ? "tree" : "");
        free(w->all.pgids);
    }
}

/* Pages that a cursor enters from one end to the other. */
static uint64_t entered_by_cursor(const struct tree *t)
{
    struct ss_tree tree;
    struct ss_file *file = tree_open(t, &tree);
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_error err;
    enum ss_status st;

    ss_cursor_init(&c, file, &tree, "tree");
    for (st = ss_cursor_first(&c, &entry, &err); st == SS_OK;) {
        st = ss_cursor_next(&c, &entry, &err);
    }
    assert_int_equal(st, SS_END);
    ss_close(file);
    return c.entered;
}

static void expect_end(const struct tree *t, struct walk *w, const struct list *due, size_t count)
{
    expect(t, w, due, count, SS_OK, SS_E_NONE, SS_NONE, SS_NONE);
}

/* ---- tests ---- */

struct told {
    uint64_t call_count, stop_at, last, total;
    pthread_t caller;
};

static bool tell(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct told *told = ctx;

    assert_string_equal(phase, "reading keys");
    assert_true(pthread_equal(told->caller, pthread_self()));
    assert_true(done > told->last && done <= total);
    told->last = done;
    told->total = total;
    return ++told->call_count != told->stop_at;
}

/* A call says how many threads there are, is told of each part, and stops the walk. */
static void a_call_is_obeyed(void **state)
{
    struct tree t = tree_new(1024, false, 3, 2000, 1, false);
    struct list due = leaves_of(&t);

    (void)state;
    for (uint64_t stop_at = 0; stop_at < 4; stop_at++) {
        struct told told = {.stop_at = stop_at, .caller = pthread_self()};
        const struct ss_call call = {.progress = tell, .progress_ctx = &told};
        struct walk w = {.call = &call, .caller = pthread_self()};
        struct ss_error err;

        assert_int_equal(run(&t, 1, &w, &err), stop_at == 0 ? SS_OK : SS_SYSTEM);
        assert_int_equal(err.code, stop_at == 0 ? SS_E_NONE : SS_E_CANCELLED);
        assert_false(atomic_load(&w.elsewhere));
        assert_int_equal(told.call_count, stop_at == 0 ? w.part_count : stop_at);
        assert_int_equal(w.part_count, told.call_count);
        assert_true(stop_at != 0 || w.all.count == due.count);
        free(w.all.pgids);
    }
    free(due.pgids);
    free(t.bytes);
}

static void every_leaf_in_order(void **state)
{
    static const struct {
        uint32_t page_size, leaf_max, count;
        size_t value_len;
        bool big, is_inline;
    } shapes[] = {
        {1024, 3, 2000, 1, false, false},   {1024, 2, 300, 5000, true, false},
        {4096, 100, 20000, 1, true, false}, {4096, 4, 700, 20000, false, false},
        {1024, 3, 0, 1, false, false},      {1024, 3, 2, 1, false, true},
        {1024, 100, 3, 1, false, false},    {4096, 2, 3, 1, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct tree t = tree_new(shapes[i].page_size, shapes[i].big, shapes[i].leaf_max,
                                 shapes[i].count, shapes[i].value_len, shapes[i].is_inline);
        struct list due = leaves_of(&t);
        struct walk w = {0};

        assert_true(due.count == 0 ? shapes[i].count == 0 : shapes[i].count > 0);
        expect_end(&t, &w, &due, due.count);
        assert_int_equal(w.entered, entered_by_cursor(&t));
        free(due.pgids);
        free(t.bytes);
    }
}

static void ends_where_it_is_told(void **state)
{
    struct tree t = tree_new(1024, false, 3, 2000, 1, false);
    struct list due = leaves_of(&t);

    (void)state;
    for (size_t i = 0; i < due.count; i += 61) {
        struct walk w = {.last = due.pgids[i], .held = due.pgids[i]};

        expect_end(&t, &w, &due, i + 1);
    }
    free(due.pgids);
    free(t.bytes);
}

static void ends_with_the_callers_error(void **state)
{
    struct tree t = tree_new(1024, false, 3, 2000, 1, false);

    (void)state;
    for (size_t i = 0; i < TIMES; i++) {
        struct walk w = {.refused_part = 40};
        struct ss_error err;

        assert_int_equal(run(&t, thread_counts[i], &w, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_CANCELLED);
        assert_int_equal(w.part_count, 40);
        free(w.all.pgids);
    }
    free(t.bytes);
}

static void put_flags(struct tree *t, uint64_t pgid, uint16_t flags)
{
    ss_store_u16(t->bytes + pgid * t->page_size + 8, flags, false);
}

/* Two broken leaves: the first one in order is told, whichever is met first. */
static void the_first_broken_leaf(void **state)
{
    struct tree t = tree_new(1024, false, 3, 2000, 1, false);
    struct list due = leaves_of(&t);
    struct walk w = {0};

    (void)state;
    for (size_t i = 5; i + 9 < due.count; i += 83) {
        size_t broken[2] = {i, i + 1 + i % 8};

        w.held = due.pgids[i - 1];
        for (int k = 0; k < 2; k++) {
            put_flags(&t, due.pgids[broken[k]], 0x40);
        }
        expect(&t, &w, &due, i, SS_CORRUPT, SS_E_PAGE_TYPE, due.pgids[i] * 1024 + 8, due.pgids[i]);
        for (int k = 0; k < 2; k++) {
            put_flags(&t, due.pgids[broken[k]], 0x02);
        }
    }
    free(due.pgids);
    free(t.bytes);
}

static bool is_branch(const struct tree *t, uint64_t pgid)
{
    return ss_load_u16(t->bytes + pgid * t->page_size + 8, false) == 0x01;
}

/* The leftmost leaf below a page. */
static uint64_t first_leaf(const struct tree *t, uint64_t pgid)
{
    while (is_branch(t, pgid)) {
        pgid = ss_load_u64(t->bytes + pgid * t->page_size + 16 + 8, false);
    }
    return pgid;
}

/* Each branch in turn, and a leaf far behind it. */
static void a_broken_branch(void **state)
{
    struct tree t = tree_new(1024, false, 4, 400, 1, false);
    struct list due = leaves_of(&t);
    struct walk w = {0};
    size_t met = 0;

    (void)state;
    put_flags(&t, due.pgids[due.count - 1], 0x40);
    for (uint64_t pgid = 3; pgid < t.len / 1024; pgid++) {
        size_t before = 0;

        if (!is_branch(&t, pgid)) {
            continue;
        }
        while (due.pgids[before] != first_leaf(&t, pgid)) {
            before++;
        }
        put_flags(&t, pgid, 0x41);
        expect(&t, &w, &due, before, SS_CORRUPT, SS_E_PAGE_TYPE, pgid * 1024 + 8, pgid);
        put_flags(&t, pgid, 0x01);
        met++;
    }
    assert_true(met > 30);
    free(due.pgids);
    free(t.bytes);
}

/* Branches that all name one empty leaf of a long run: more pages than the file has. */
static void more_pages_than_there_are(void **state)
{
    struct tree t = tree_new(1024, false, 3, 2000, 1, false);
    struct list due = leaves_of(&t);
    uint64_t hub = due.pgids[30], again = 0, after = 0;
    uint32_t named = 0;

    (void)state;
    for (uint64_t pgid = 3; pgid < t.len / 1024; pgid++) {
        uint8_t *page = t.bytes + pgid * 1024;

        if (!is_branch(&t, pgid) || is_branch(&t, ss_load_u64(page + 16 + 8, false))) {
            continue;
        }
        for (uint32_t i = 0; i < ss_load_u16(page + 10, false); i++) {
            ss_store_u64(page + 16 + 16 * i + 8, hub, false);
            named++;
        }
        after = after == 0 && again != 0 ? pgid : after;
        again = again == 0 ? pgid : again;
    }
    assert_true(named > 600);
    ss_store_u16(t.bytes + hub * 1024 + 10, 0, false);
    ss_store_u32(t.bytes + hub * 1024 + 12, 300, false);
    for (size_t i = 0; i < TIMES; i++) {
        struct walk w = {0};
        struct ss_error err;

        /* 3 x 301 pages below the first branch do not pass the file's 1007; below the second they do. */
        assert_int_equal(run(&t, thread_counts[i], &w, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_CYCLE);
        assert_int_equal(err.pgid, after);
        assert_int_equal(err.off, after * 1024);
        assert_string_equal(err.bucket, "tree");
        assert_int_equal(w.all.count, 0);
        free(w.all.pgids);
    }
    free(due.pgids);
    free(t.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_obeyed),          cmocka_unit_test(every_leaf_in_order),
        cmocka_unit_test(ends_where_it_is_told),     cmocka_unit_test(ends_with_the_callers_error),
        cmocka_unit_test(the_first_broken_leaf),     cmocka_unit_test(a_broken_branch),
        cmocka_unit_test(more_pages_than_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
