#!/usr/bin/env python3
"""schema.py SCHEMA FILE [--lines]: FILE, or each of its lines, obeys the JSON Schema."""

import json
import pathlib
import sys
import warnings

import jsonschema

# Debian 12 has jsonschema 4.10, which knows no other way; later versions warn of it.
warnings.simplefilter("ignore", DeprecationWarning)


def resolver(schema_path, schema):
    """Finds the other schemas of the same folder by their file names."""
    store = {}
    for path in pathlib.Path(schema_path).parent.glob("*.schema.json"):
        store[path.name] = json.loads(path.read_text(encoding="utf-8"))
    return jsonschema.RefResolver(pathlib.Path(schema_path).name, schema, store)


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
    validator = kind(schema, resolver=resolver(schema_path, schema))
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
