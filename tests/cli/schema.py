#!/usr/bin/env python3
"""schema.py SCHEMA FILE [--lines]: FILE, or each of its lines, obeys the JSON Schema."""

import json
import sys

import jsonschema


def documents(path, by_line):
    with open(path, encoding="utf-8") as file:
        if not by_line:
            yield 1, json.load(file)
            return
        for number, line in enumerate(file, 1):
            yield number, json.loads(line)


def main():
    schema_path, path = sys.argv[1:3]
    by_line = "--lines" in sys.argv[3:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    count = 0
    errors = 0
    for number, document in documents(path, by_line):
        count += 1
        for error in validator.iter_errors(document):
            errors += 1
            place = "/".join(str(part) for part in error.absolute_path)
            print(f"{path}:{number}: /{place}: {error.message}")
    if count == 0:
        print(f"{path}: no document")
    return 0 if count and not errors else 1


sys.exit(main())
