/*
 * help_doc.c - see help_doc.h.
 */
#include "help_doc.h"

#include "abandon.h"
#include "command.h"
#include "doc.h"

static json_t *option_doc(const struct ss_option *option)
{
    static const char *const kinds[] = {[SS_OPTION_FLAG] = "flag",
                                        [SS_OPTION_TEXT] = "text",
                                        [SS_OPTION_NUMBER] = "number",
                                        [SS_OPTION_SIZE] = "size",
                                        [SS_OPTION_CHOICE] = "choice"};
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "name", option->name);
    if (option->letter != 0) {
        const char letter[] = {option->letter, '\0'};
        ss_doc_text(doc, "letter", letter);
    }
    ss_doc_text(doc, "kind", kinds[option->kind]);
    if (option->arg != NULL) {
        ss_doc_text(doc, "arg", option->arg);
    }
    if (option->choices != NULL) {
        json_t *list = ss_doc_list();
        for (const char *const *choice = option->choices; *choice != NULL; choice++) {
            ss_doc_append(list, json_string(*choice));
        }
        ss_doc_set(doc, "choices", list);
    }
    ss_doc_text(doc, "help", option->help);
    return doc;
}

static json_t *options_doc(const struct ss_option *options)
{
    json_t *list = ss_doc_list();
    for (; options->name != NULL; options++) {
        ss_doc_append(list, option_doc(options));
    }
    return list;
}

static json_t *command_doc(const struct ss_command *command)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "name", command->name);
    ss_doc_text(doc, "args", command->args);
    ss_doc_text(doc, "summary", command->summary);
    ss_doc_set(doc, "options", options_doc(command->options));
    return doc;
}

static json_t *column_doc(const struct ss_column *column)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "name", column->name);
    ss_doc_text(doc, "title", column->title);
    ss_doc_text(doc, "type", ss_type_name(column->type));
    if (column->unit != SS_UNIT_NONE) {
        ss_doc_text(doc, "unit", ss_unit_name(column->unit));
    }
    ss_doc_bool(doc, "optional", column->optional);
    ss_doc_bool(doc, "on_request", column->on_request);
    ss_doc_text(doc, "doc", column->doc);
    return doc;
}

static json_t *table_doc(const struct ss_table *table)
{
    json_t *doc = ss_doc_new();
    json_t *columns = ss_doc_list();
    ss_doc_text(doc, "name", table->name);
    ss_doc_text(doc, "row", table->row);
    ss_doc_text(doc, "doc", table->doc);
    for (size_t i = 0; i < table->column_count; i++) {
        ss_doc_append(columns, column_doc(&table->columns[i]));
    }
    ss_doc_set(doc, "columns", columns);
    return doc;
}

void cli_help_doc(FILE *to)
{
    json_t *doc = ss_doc_new();
    json_t *commands = ss_doc_list();
    json_t *tables = ss_doc_list();
    ss_doc_text(doc, "version", ss_version());
    for (size_t i = 0; i < ss_command_count; i++) {
        ss_doc_append(commands, command_doc(ss_commands[i]));
    }
    ss_doc_set(doc, "commands", commands);
    ss_doc_set(doc, "common_options", options_doc(ss_common_options));
    for (size_t i = 0; i < ss_table_count(); i++) {
        ss_doc_append(tables, table_doc(ss_table_at(i)));
    }
    ss_doc_set(doc, "tables", tables);
    if (json_dumpf(doc, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 && ferror(to) == 0) {
        ss_abandon_memory(0);
    }
    json_decref(doc);
    fputc('\n', to);
}
