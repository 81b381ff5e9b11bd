/*
 * text_mode.h - a file that was copied as text: line ends were turned into those of another system.
 *
 *   source         … 6b 0a 05 …      … 6b 0d 0a 05 …
 *   copy           … 6b 0d 0a 05 …   … 6b 0a 05 …
 *                       added             removed: everything behind it stands a byte early
 *
 * Added bytes can be taken out again, which proves the case: without them the metas hold, the length is that of
 * whole pages, and page headers that fit nowhere now stand where they belong, or the trailing hash is right. No byte
 * 0x0a may be without one. Removed bytes cannot be put back, for nobody knows where: page headers that stand a few
 * bytes early, after as many bytes 0x0a, in a file without any 0d 0a, are what is left of them.
 */
#ifndef SS_VERIFY_TEXT_MODE_H
#define SS_VERIFY_TEXT_MODE_H

#include "parser/db.h"
#include "verify/findings.h"

/* ss_text_mode, and what it found as a finding. Errors: as that. */
enum ss_status ss_check_text_mode(const struct ss_file *file, const struct ss_call *call,
                                  struct ss_findings *findings, struct ss_text_mode *out,
                                  struct ss_error *err);

#endif
