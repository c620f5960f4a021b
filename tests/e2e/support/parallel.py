# parallel.py - the same push said several times, and at the same time.
#
# SPDX-License-Identifier: BSD-2-Clause

import threading

TEXT = {"Content-Type": "text/plain"}


def push_once(http, queue, body="a", once="k", query="", **headers):
    return http.post(f"/q/{queue}{query}", body, {**TEXT, "Idempotency-Key": once, **headers})


def is_replay(response):
    return response.headers.get("Idempotent-Replay") == "true"


def in_parallel(count, ask):
    """The answers to ask(0) … ask(count-1), all sent at the same time."""
    answers = [None] * count
    gate = threading.Barrier(count)

    def run(index):
        gate.wait()
        answers[index] = ask(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
