/*
 * help_doc.c - see help_doc.h.
 */
#include "help_doc.h"

#include "abandon.h"
#include "command.h"
#include "doc.h"
#include "options.h"

static json_t *option_doc(const struct cli_option *option)
{
    static const char *const kinds[] = {[CLI_OPTION_FLAG] = "flag",
                                        [CLI_OPTION_TEXT] = "text",
                                        [CLI_OPTION_NUMBER] = "number",
                                        [CLI_OPTION_SIZE] = "size",
                                        [CLI_OPTION_CHOICE] = "choice"};
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "name", option->name);
    if (option->letter != 0) {
        const char letter[] = {option->letter, '\0'};
        cli_doc_text(doc, "letter", letter);
    }
    cli_doc_text(doc, "kind", kinds[option->kind]);
    if (option->arg != NULL) {
        cli_doc_text(doc, "arg", option->arg);
    }
    if (option->choices != NULL) {
        json_t *list = cli_doc_list();
        for (const char *const *choice = option->choices; *choice != NULL; choice++) {
            cli_doc_append(list, json_string(*choice));
        }
        cli_doc_set(doc, "choices", list);
    }
    cli_doc_text(doc, "help", option->help);
    if (option->more != NULL) {
        cli_doc_text(doc, "more", option->more);
    }
    return doc;
}

static json_t *options_doc(const struct cli_option *options)
{
    json_t *list = cli_doc_list();
    for (; options->name != NULL; options++) {
        cli_doc_append(list, option_doc(options));
    }
    return list;
}

static json_t *exits_doc(const struct cli_command *command)
{
    json_t *list = cli_doc_list();
    for (int code = 0; code < CLI_EXIT_COUNT; code++) {
        const char *meaning = cli_command_exit(command, code);
        if (meaning != NULL) {
            json_t *doc = cli_doc_new();
            cli_doc_int(doc, "code", code);
            cli_doc_text(doc, "meaning", meaning);
            cli_doc_append(list, doc);
        }
    }
    return list;
}

static json_t *command_doc(const struct cli_command *command)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "name", command->name);
    if (command->required != NULL) {
        cli_doc_text(doc, "required", command->required);
    }
    cli_doc_text(doc, "args", command->args);
    cli_doc_text(doc, "summary", command->summary);
    cli_doc_text(doc, "detail", command->detail);
    cli_doc_set(doc, "options", options_doc(command->options));
    cli_doc_set(doc, "exits", exits_doc(command));
    return doc;
}

static json_t *column_doc(const struct ss_column *column)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "name", column->name);
    cli_doc_text(doc, "title", column->title);
    cli_doc_text(doc, "type", ss_type_name(column->type));
    if (column->unit != SS_UNIT_NONE) {
        cli_doc_text(doc, "unit", ss_unit_name(column->unit));
    }
    cli_doc_bool(doc, "optional", column->optional);
    cli_doc_bool(doc, "on_request", column->on_request);
    cli_doc_text(doc, "doc", column->doc);
    return doc;
}

static json_t *table_doc(const struct ss_table *table)
{
    json_t *doc = cli_doc_new();
    json_t *columns = cli_doc_list();
    cli_doc_text(doc, "name", table->name);
    cli_doc_text(doc, "row", table->row);
    cli_doc_text(doc, "doc", table->doc);
    for (size_t i = 0; i < table->column_count; i++) {
        cli_doc_append(columns, column_doc(&table->columns[i]));
    }
    cli_doc_set(doc, "columns", columns);
    return doc;
}

void cli_help_doc(FILE *to)
{
    json_t *doc = cli_doc_new();
    json_t *commands = cli_doc_list();
    json_t *tables = cli_doc_list();
    cli_doc_text(doc, "version", ss_version());
    for (size_t i = 0; i < cli_command_count; i++) {
        cli_doc_append(commands, command_doc(cli_commands[i]));
    }
    cli_doc_set(doc, "commands", commands);
    cli_doc_set(doc, "common_options", options_doc(cli_common_options));
    for (size_t i = 0; i < ss_table_count(); i++) {
        cli_doc_append(tables, table_doc(ss_table_at(i)));
    }
    cli_doc_set(doc, "tables", tables);
    if (json_dumpf(doc, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 && ferror(to) == 0) {
        cli_abandon_memory(0);
    }
    json_decref(doc);
    fputc('\n', to);
}
