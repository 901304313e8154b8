#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks lines of JSON against docs/schema: validate.py SCHEMA < LINES

Each line of standard input must be a valid object of SCHEMA ("update", "event", ...). With two
schemas ("event update") the last line is one of the second, the others of the first. Works with the
jsonschema of Debian 12, so references between the schemas are resolved here.
"""
import json
import pathlib
import sys

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"


def rewrite(node):
    if isinstance(node, dict):
        return {key: value.replace("common.json#", "#") if key == "$ref" else rewrite(value)
                for key, value in node.items()}
    if isinstance(node, list):
        return [rewrite(item) for item in node]
    return node


def load(name):
    schema = rewrite(json.loads((FOLDER / (name + ".json")).read_text(encoding="utf-8")))
    common = rewrite(json.loads((FOLDER / "common.json").read_text(encoding="utf-8")))
    schema["$defs"] = common["$defs"]
    del schema["$id"]
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check(stream, names):
    schemas = [load(name) for name in names]
    lines = stream.decode("utf-8", "strict").splitlines()
    if not lines:
        sys.exit("no JSON at all")
    for number, line in enumerate(lines, 1):
        schema = schemas[-1] if number == len(lines) else schemas[0]
        problems = sorted(schema.iter_errors(json.loads(line)), key=str)
        for problem in problems:
            print(f"line {number}: {list(problem.absolute_path)}: {problem.message}")
        if problems:
            print(line)
            sys.exit(1)


if __name__ == "__main__":
    check(sys.stdin.buffer.read(), sys.argv[1:])
