/*
 * guard.c - SIGBUS under a mapped read becomes a note in the source, not a dead process.
 *
 *   mapping   |=========== readable ===========|~~~~~~~~~ gone: SIGBUS ~~~~~~~~~|
 *   base      ▲                                ▲                                ▲ base + len
 *                                              first page past the file's present end
 *
 * The handler puts zero pages over exactly what cannot be read: when the file has shrunk, from its
 * present end (rounded up) to the mapping's end in one step; when it has not, a disk failed, and the
 * one page is replaced. Pages that can be read are never replaced, so that spans handed out earlier
 * keep their bytes. A shrunk file costs one signal however large it was.
 *
 * Guarantees: the handler takes no lock and calls only mmap, fstat, sigaction and raise; it never
 * touches memory that is not a registered mapping. Bytes of the last, partly cut page read as zeroes
 * without any signal: that is how the system maps a file's end.
 */
#include "source/guard.h"
#include "util/error.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the handler needs lock-free 64-bit atomics");
_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "the handler needs lock-free pointers");

enum {
    SLOTS_PER_BLOCK = 64
};

/* One mapping. `version` is odd while the slot is empty or being filled, even while it holds. */
struct slot {
    _Atomic uint64_t version;
    _Atomic uintptr_t base;
    _Atomic uint64_t len;
    _Atomic int fd;
    _Atomic(_Atomic uint64_t *) fault_off;
};

/* Blocks are added, never freed: the handler may be walking them at any time. */
struct block {
    struct slot slots[SLOTS_PER_BLOCK];
    _Atomic(struct block *) next;
};

struct mapping {
    uintptr_t base;
    uint64_t len;
    int fd;
    _Atomic uint64_t *fault_off;
};

static struct block first_block;
static pthread_mutex_t change_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static uintptr_t page_size;
static bool installed;

/* Even and not 0: in use. A slot of a fresh block has version 0. */
static bool slot_in_use(uint64_t version)
{
    return version != 0 && version % 2 == 0;
}

/*
 * Copies a slot as it stood at one moment; false when it is empty or changing, so not ours. Each load
 * acquires: whoever reads a field of a change also sees, after it, that the version has moved on.
 */
static bool slot_read(struct slot *slot, struct mapping *out)
{
    uint64_t before = atomic_load_explicit(&slot->version, memory_order_acquire);

    if (!slot_in_use(before)) {
        return false;
    }
    out->base = atomic_load_explicit(&slot->base, memory_order_acquire);
    out->len = atomic_load_explicit(&slot->len, memory_order_acquire);
    out->fd = atomic_load_explicit(&slot->fd, memory_order_acquire);
    out->fault_off = atomic_load_explicit(&slot->fault_off, memory_order_acquire);
    return atomic_load_explicit(&slot->version, memory_order_relaxed) == before;
}

static bool mapping_find(uintptr_t addr, struct mapping *out)
{
    for (struct block *block = &first_block; block != NULL; block = atomic_load(&block->next)) {
        for (size_t i = 0; i < SLOTS_PER_BLOCK; i++) {
            if (slot_read(&block->slots[i], out) && addr >= out->base &&
                addr - out->base < out->len) {
                return true;
            }
        }
    }
    return false;
}

/* Replaces what cannot be read from the page at addr on. False when the system refuses. */
static bool mapping_heal(const struct mapping *map, uintptr_t addr)
{
    uintptr_t start = addr - addr % page_size;
    uintptr_t end = start + page_size;
    uint64_t none = SS_NONE;
    struct stat info;

    atomic_compare_exchange_strong(map->fault_off, &none, (uint64_t)(start - map->base));
    if (fstat(map->fd, &info) == 0 && (uint64_t)info.st_size < map->len) {
        uint64_t left = (uint64_t)info.st_size;
        uintptr_t gone = map->base + (uintptr_t)((left + page_size - 1) / page_size * page_size);

        if (gone <= start) {
            start = gone;
            end = map->base + (uintptr_t)((map->len + page_size - 1) / page_size * page_size);
        }
    }
    return mmap((void *)start, end - start, PROT_READ,
                MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

/* What would have happened without us. */
static void pass_on(int signo, siginfo_t *info, void *context)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL};

    if ((previous.sa_flags & SA_SIGINFO) != 0) {
        previous.sa_sigaction(signo, info, context);
    } else if (previous.sa_handler == SIG_IGN && info->si_code <= 0) {
        return;
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signo);
    } else {
        sigemptyset(&by_default.sa_mask);
        sigaction(signo, &by_default, NULL);
        raise(signo);
    }
}

/* si_code <= 0: sent by a process, and si_addr means nothing. */
static void on_sigbus(int signo, siginfo_t *info, void *context)
{
    int saved = errno;
    uintptr_t addr = (uintptr_t)info->si_addr;
    struct mapping map;

    if (info->si_code <= 0 || !mapping_find(addr, &map) || !mapping_heal(&map, addr)) {
        pass_on(signo, info, context);
    }
    errno = saved;
}

/* An empty slot, in a new block if need be; the caller holds change_lock. */
static struct slot *slot_take(void)
{
    struct block *block = &first_block;

    for (;;) {
        struct block *next;

        for (size_t i = 0; i < SLOTS_PER_BLOCK; i++) {
            if (!slot_in_use(atomic_load(&block->slots[i].version))) {
                return &block->slots[i];
            }
        }
        next = atomic_load(&block->next);
        if (next == NULL) {
            next = calloc(1, sizeof(*next));
            if (next == NULL) {
                return NULL;
            }
            atomic_store(&block->next, next);
        }
        block = next;
    }
}

bool ss_guard_add(const void *base, uint64_t len, int fd, _Atomic uint64_t *fault_off)
{
    struct slot *slot;

    pthread_mutex_lock(&change_lock);
    slot = slot_take();
    if (slot != NULL) {
        uint64_t version = atomic_load(&slot->version);

        atomic_store(&slot->base, (uintptr_t)base);
        atomic_store(&slot->len, len);
        atomic_store(&slot->fd, fd);
        atomic_store(&slot->fault_off, fault_off);
        atomic_store(&slot->version, version + (version % 2 == 0 ? 2 : 1));
    }
    pthread_mutex_unlock(&change_lock);
    return slot != NULL;
}

void ss_guard_remove(const void *base)
{
    pthread_mutex_lock(&change_lock);
    for (struct block *block = &first_block; block != NULL; block = atomic_load(&block->next)) {
        for (size_t i = 0; i < SLOTS_PER_BLOCK; i++) {
            struct slot *slot = &block->slots[i];
            uint64_t version = atomic_load(&slot->version);

            if (slot_in_use(version) && atomic_load(&slot->base) == (uintptr_t)base) {
                atomic_store(&slot->version, version + 1);
            }
        }
    }
    pthread_mutex_unlock(&change_lock);
}

enum ss_status ss_guard_install(struct ss_error *err)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int sys = 0;

    ss_error_clear(err);
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&change_lock);
    if (!installed) {
        page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
        if (sigaction(SIGBUS, NULL, &previous) != 0 || sigaction(SIGBUS, &action, NULL) != 0) {
            sys = errno;
        } else {
            installed = true;
        }
    }
    pthread_mutex_unlock(&change_lock);
    if (sys != 0) {
        return ss_system(err, SS_E_IO, sys, "the handler for failing reads cannot be installed");
    }
    return SS_OK;
}
