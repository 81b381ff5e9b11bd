/*
 * help_doc.h - what there is, for programs: every command with its options, every table with its columns.
 *
 * Manual pages, completions, docs/tables.md, the schemas of lists and the tests' own lists of commands are made
 * from it, or checked against it (scripts/generate.py).
 */
#ifndef CLI_HELP_DOC_H
#define CLI_HELP_DOC_H

#include <stdio.h>

/* What `snapscope help --json` prints. A failed write is the stream's to tell. */
void cli_help_doc(FILE *to);

#endif
