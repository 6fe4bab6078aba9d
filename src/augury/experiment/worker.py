"""A worker process: it reads tasks from its standard input and answers on its standard output, until that closes."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path

from augury.errors import AuguryError, MissingExtraError
from augury.experiment.design import LearnerName, Task
from augury.experiment.fit import Laboratory, Outcome, Trial


def serve(folder: Path, learner: LearnerName) -> None:
    """Answer requests: None for a trial, else a Task. An answer is what was found, or the exception."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints must not disturb the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who gives the tasks
    with contextlib.suppress(MissingExtraError):  # the first task says so
        if learner == "workshop":  # loading PyTorch takes seconds, in which there is nothing to do yet
            from augury.experiment.trainer import settle

            settle()
    laboratory: Laboratory | None = None
    with contextlib.suppress(EOFError, BrokenPipeError):  # nobody asks any more
        while True:
            request: Task | None = pickle.load(questions)
            answer: Trial | Outcome | Exception
            try:
                laboratory = laboratory or Laboratory.load(folder)
                answer = laboratory.trial() if request is None else laboratory.run(request)
                laboratory = None if request is None else laboratory  # the plan follows from the trial
            except AuguryError as error:
                answer = error
            except Exception:  # handed over with its traceback, and raised where the study runs
                answer = RuntimeError(f"a worker failed:\n{traceback.format_exc()}")
            pickle.dump(answer, answers)
            answers.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), "linear" if sys.argv[2] == "linear" else "workshop")
