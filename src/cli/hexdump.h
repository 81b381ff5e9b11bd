/*
 * hexdump.h - bytes as people read them, with their offsets in the file.
 *
 *     00005000  05 00 00 00 00 00 00 00  02 00 0c 00 00 00 00 00  |................|
 */
#ifndef CLI_HEXDUMP_H
#define CLI_HEXDUMP_H

#include <jansson.h>
#include <stdint.h>

#include "out.h"

/* Sixteen bytes a line from absolute offset `off` on; equal lines in a row become one "*". */
bool cli_hexdump(struct cli_out *out, const uint8_t *bytes, uint64_t len, uint64_t off);

/* All digits as one JSON string. */
json_t *cli_hex_doc(const uint8_t *bytes, uint64_t len);

#endif
