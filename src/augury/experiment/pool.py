"""A pool of worker processes with one thread each.

They are started as commands, not forked or spawned from this process: that works in notebooks and in scripts without a
main guard, their environment can be set before anything is loaded, and they end by themselves when this process dies.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from augury.errors import AuguryError
from augury.experiment.design import LearnerName, Task
from augury.experiment.fit import Laboratory

Request = TypeVar("Request", bound=Task | None)
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # glibc: keep freed memory; a fresh page for every activation makes a training step half as slow again
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
}


class OutOfTime(Exception):
    """The deadline came before all requests were answered."""


class Pool:
    """Worker processes that load themselves while the study is still being planned.

    Parameters
    ----------
    folder : an empty one, through which the laboratory is handed over. workers : how many processes.
    """

    def __init__(self, folder: Path, workers: int, learner: LearnerName) -> None:
        self._folder = folder
        command = [sys.executable, "-m", "augury.experiment.worker", str(folder), learner]
        environment = {**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        pipe = subprocess.PIPE
        self._processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) for _ in range(workers)]
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)

    def __len__(self) -> int:
        return len(self._processes)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def equip(self, laboratory: Laboratory) -> None:
        """Give the workers what they need; before the first request, and once."""
        laboratory.save(self._folder)

    def answers(self, requests: Sequence[Request], deadline: float = float("inf")) -> Iterator[tuple[Request, Any]]:
        """Each request with its answer, as they come.

        Raises
        ------
        OutOfTime : at the deadline (of `time.monotonic`); the pool is closed then.
        AuguryError : what a worker raised, or that one has died.
        """
        with ThreadPoolExecutor(len(self)) as threads:
            asked: dict[Future[Any], Request] = {threads.submit(self._ask, request): request for request in requests}
            try:
                while asked:
                    left = deadline - time.monotonic()
                    done, _ = wait(asked, None if left == float("inf") else max(left, 0.0), FIRST_COMPLETED)
                    if not done:
                        raise OutOfTime
                    for future in done:
                        yield asked.pop(future), _checked(future.result())
            except BaseException:
                for future in asked:
                    future.cancel()
                self.close()  # else the threads would wait for fits that nobody wants
                raise

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # something was left to say to a process that is gone
                    if pipe is not None:
                        pipe.close()

    def _ask(self, request: Any) -> Any:
        process = self._idle.get()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            pickle.dump(request, process.stdin)
            process.stdin.flush()
            return pickle.load(process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            return AuguryError(
                f"study: a worker process has died (exit code {process.wait()}; was memory short?); "
                "run the same again, it goes on where it stopped"
            )
        finally:
            self._idle.put(process)


def _checked(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer
