#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers a shell test's questions about the program's JSON, one a line, so that Python starts once a test and not once a question.

    answer.py                    on standard input and output
    answer.py --serve DOOR       for many tests: each that writes the name of a folder into the FIFO DOOR is answered through the
                                 FIFOs "questions" and "answers" in there, by a copy that has all of the schemas already;
                                 says "ready" once it has

    json<TAB>FILE<TAB>PATH       the value in the last line of FILE, as JSON: PATH is '["error"]["code"]'; an empty line: there is none
    valid<TAB>FILE<TAB>SCHEMAS<TAB>PROBLEMS
                                 0 or 1: is each line of it one of SCHEMAS? What is wrong goes into the file PROBLEMS
"""
import contextlib
import functools
import json
import os
import pathlib
import signal
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


def answer_all(questions, answers):
    for question in questions:
        print(answer(question.rstrip("\n")), file=answers, flush=True)


def serve(door):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    judge()
    import validate
    for schema in validate.FOLDER.glob("*.json"):
        if schema.stem != "common":
            validate.load(schema.stem)
    # For writing too, or it would end whenever no test has it open.
    with open(os.open(door, os.O_RDWR), encoding="utf-8") as folders:
        print("ready", flush=True)
        for folder in folders:
            if os.fork() == 0:
                with open(folder.rstrip("\n") + "/questions", encoding="utf-8") as questions, \
                        open(folder.rstrip("\n") + "/answers", "w", encoding="utf-8") as answers:
                    answer_all(questions, answers)
                os._exit(0)


if sys.argv[1:2] == ["--serve"]:
    serve(sys.argv[2])
else:
    answer_all(sys.stdin, sys.stdout)
