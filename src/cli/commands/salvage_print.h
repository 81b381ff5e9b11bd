/*
 * salvage_print.h - what `salvage` says of its run: between cmd_salvage.c, which works, and salvage_print.c.
 */
#ifndef CLI_SALVAGE_PRINT_H
#define CLI_SALVAGE_PRINT_H

#include <jansson.h>
#include <snapscope.h>
#include <stdio.h>

/* As many lines of each list as a screen has room for, or a document; all of them go to a file of their own. */
#define CLI_SALVAGE_LINES 12u
#define CLI_SALVAGE_LISTED 1000u

struct cli_salvaged {
    const char *input, *output; /* output NULL: a dry run */
    bool include_freed;
    struct ss_salvage_report report;
    uint64_t damage_count;
    size_t damage_kept, lost_kept;
    struct ss_salvage_damage damage[CLI_SALVAGE_LISTED];
    struct ss_salvage_lost lost[CLI_SALVAGE_LISTED];
};

void cli_salvage_print(FILE *to, const struct cli_salvaged *s);
json_t *cli_salvage_doc(const struct cli_salvaged *s);

json_t *cli_salvage_lost_doc(const struct ss_salvage_lost *lost);
json_t *cli_salvage_conflict_doc(const struct ss_salvage_conflict *conflict);

#endif
