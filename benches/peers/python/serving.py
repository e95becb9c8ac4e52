"""How a worker serves the driver: a command a line on stdin, an answer a line on stdout, both JSON."""

import gc
import json
import os
import sys


def serve(worker):
    """Answers every command `{"do": name, ...}` with what the worker's method of that name gives, or with its error."""
    # What libraries print goes to stderr; only answers go to the driver.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    gc.disable()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:
            answer = {"error": repr(error)}
        print(json.dumps(answer), file=answers, flush=True)
