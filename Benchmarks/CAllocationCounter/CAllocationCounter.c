// Stands before the C library's allocator in a program that links this, and counts for each thread.
#include "CAllocationCounter.h"

#include <errno.h>
#include <stdlib.h>

static _Thread_local uint64_t blocks;
static _Thread_local uint64_t bytes;

uint64_t allocation_counter_blocks(void) { return blocks; }
uint64_t allocation_counter_bytes(void) { return bytes; }

#ifdef __GLIBC__

// The allocator itself, under the names that glibc keeps for those who stand before it.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static void count(size_t size) {
    blocks += 1;
    bytes += size;
}

bool allocation_counter_is_available(void) { return true; }

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *made = memalign(alignment, size);
    if (made == NULL) return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block) { __libc_free(block); }

#else

bool allocation_counter_is_available(void) { return false; }

#endif
