#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers a shell test's questions about the program's JSON, one a line, so that Python starts once a test and not once a question.

    json<TAB>FILE<TAB>PATH       the value in the last line of FILE, as JSON: PATH is '["error"]["code"]'; an empty line: there is none
    valid<TAB>FILE<TAB>SCHEMAS<TAB>PROBLEMS
                                 0 or 1: is each line of it one of SCHEMAS? What is wrong goes into the file PROBLEMS
"""
import contextlib
import functools
import json
import pathlib
import sys


@functools.lru_cache(maxsize=None)
def judge():
    """What takes long to load, and only once it is asked for."""
    import validate
    validate.load = functools.lru_cache(maxsize=None)(validate.load)
    return validate.check


def value_of(file, path):
    line = pathlib.Path(file).read_text(encoding="utf-8").splitlines()[-1]
    return json.dumps(eval("value" + path, {"value": json.loads(line)}))


def is_valid(file, schemas, problems):
    with open(problems, "w", encoding="utf-8") as told, contextlib.redirect_stdout(told):
        try:
            judge()(pathlib.Path(file).read_bytes(), schemas.split())
            return True
        except SystemExit as end:
            print(end.code if isinstance(end.code, str) else "")
        except Exception as error:  # not JSON, not UTF-8, no such schema
            print(repr(error))
        return False


def answer(question):
    kind, *words = question.split("\t")
    try:
        return value_of(*words) if kind == "json" else str(int(not is_valid(*words)))
    except Exception:
        return ""


for question in sys.stdin:
    print(answer(question.rstrip("\n")), flush=True)
