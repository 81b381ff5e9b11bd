/*
 * scratch.h - a folder of its own for each test that touches files.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

/* cmocka set-up and tear-down: makes the folder and enters it; leaves and removes it with all in it. */
int scratch_enter(void **state);
int scratch_leave(void **state);

/* Makes or replaces a file of the current folder. */
void scratch_write(const char *name, const void *bytes, size_t len);

/* A file's bytes, NUL-terminated, to free; *len may be NULL. */
uint8_t *scratch_read(const char *name, size_t *len);

/* How many names the folder `name` holds. */
size_t scratch_count(const char *name);

/* len bytes that no compressor shortens, the same at each run. */
void scratch_noise(uint8_t *bytes, size_t len);

#endif
