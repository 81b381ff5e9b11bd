/*
 * text.h - what the public ss_text_* functions are made of, for the layers above and for tests.
 */
#ifndef SS_UTIL_TEXT_H
#define SS_UTIL_TEXT_H

#include "snapscope.h"

/*
 * Length (1 to 4) of the well-formed UTF-8 sequence that starts at p, len > 0 bytes long at most, as
 * table 3-7 of the Unicode standard has it: no overlong form, no surrogate, nothing past U+10FFFF.
 * 0: there is none. NUL is a sequence of length 1.
 */
unsigned ss_utf8_sequence_len(const uint8_t *p, size_t len);

/*
 * Makes text printable where it is not, for messages that are printable for the most part: as
 * ss_text_escape, but a backslash stays single, so that what was escaped stays as it is. `text` has cap
 * bytes; what finds no room is cut.
 */
void ss_text_tame(char *text, size_t cap);

/*
 * ss_text_is_clean and ss_text_base64 without vector instructions: what machines that have none get,
 * and what tests hold the others against.
 */
bool ss_text_is_clean_portable(const void *bytes, size_t len);
size_t ss_text_base64_portable(const void *bytes, size_t len, char *out);

#endif
