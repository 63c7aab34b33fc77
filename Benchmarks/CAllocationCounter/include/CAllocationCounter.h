#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted on this platform: with glibc only.
bool allocation_counter_is_available(void);

/// How many blocks of memory the calling thread has asked for since it began.
uint64_t allocation_counter_blocks(void);

/// How many bytes it has asked for.
uint64_t allocation_counter_bytes(void);

#endif
