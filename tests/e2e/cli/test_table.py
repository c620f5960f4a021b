# test_table.py - each route has a verb, or a reason; each verb and option is in the manual pages.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import re

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))

# The routes that have no verb; restmq-client(1) has the same list, with the reasons.
LEFT_OUT = {
    "GET  WHOLE": "GET /", "GET  WHOLE queue": "GET /?queue=", "POST  WHOLE": "POST /",
    "POST queue WHOLE": "POST /queue", "GET queue WHOLE": "GET /queue",
    "GET control WHOLE": "GET /control", "GET control NAMED": "GET /control/queue",
    "GET help WHOLE": "GET /help", "GET ui WHOLE": "GET /ui", "GET ui NAMED": "GET /ui/name",
    "GET openapi.json WHOLE": "GET /openapi.json", "GET metrics NAMED": "GET /metrics/ws",
    "GET ws NAMED": "GET /ws/queue", "GET c NAMED": "GET /c/queue",
    "GET queues WHOLE": "GET /queues", "GET server WHOLE": "GET /server",
    "GET history NAMED": "GET /history/queue", "GET pub NAMED": "GET /pub/channel",
    "GET pub NAMED since": "GET /pub/channel?since=", "PUT pub NAMED": "PUT /pub/channel",
    "GET settings WHOLE": "GET /settings",
}


def read(*path):
    with open(os.path.join(TOP, *path)) as file:
        return file.read()


def routes():
    """Of both programs, as "POST q NAMED acks"."""
    pattern = r'^ *\{+METHOD_([A-Z]+), *"([^"]*)", *(WHOLE|NAMED|EITHER), *(NULL|"[^"]*"),'
    ways = {"WHOLE": ["WHOLE"], "NAMED": ["NAMED"], "EITHER": ["WHOLE", "NAMED"]}
    rows = re.findall(pattern, read("handlers", "routes.c"), re.MULTILINE)
    rows += re.findall(pattern, read("ws", "role", "routes.c"), re.MULTILINE)
    return {" ".join([method, resource, one] + ([] if when == "NULL" else [when.strip('"')]))
            for method, resource, naming, when in rows for one in ways[naming]}


def verbs(cli):
    return [json.loads(line) for line in cli.text("--verbs").splitlines()]


def known(cli):
    return {route for row in verbs(cli) for route in row["routes"].split(",") if route}


def test_each_route_has_a_verb_or_a_reason(cli):
    """A new route needs a verb, or a row above and in the manual page."""
    found = routes()
    assert len(found) > 30 and "POST q NAMED acks" in found
    missing = {route for route in found if route not in known(cli) and route not in LEFT_OUT}
    assert not missing


def test_no_verb_asks_what_is_not_there(cli):
    assert known(cli) <= routes()


def test_what_is_left_out_is_there_and_has_no_verb(cli):
    assert set(LEFT_OUT) <= routes() and not set(LEFT_OUT) & known(cli)


def test_reasons_are_in_the_manual_page():
    section = read("docs", "restmq-client.1").split(".Sh ROUTES WITHOUT A VERB")[1].split(".Sh ")[0]
    assert {item for line in re.findall(r"^\.It (.*)", section, re.MULTILINE) for item in line.split(" , ")} == set(
        LEFT_OUT.values())
    reasons = re.split(r"^\.It .*\n", section.split(".Bl ")[1].split(".El")[0], flags=re.MULTILINE)[1:]
    assert all(len(reason.strip()) > 10 for reason in reasons), reasons


def test_verbs_and_options_are_in_the_manual_pages(cli):
    pages = read("docs", "restmq-client.1") + read("docs", "restmq.1")
    for row in verbs(cli):
        assert re.search(rf"^\.(It )?Cm {row['verb']}\b", pages, re.MULTILINE), row["verb"]
        for option in row["options"]:
            assert rf"\-{option}" in pages, (row["verb"], option)


@pytest.mark.parametrize("status", range(9))
def test_statuses_are_in_the_manual_page(status):
    section = read("docs", "restmq-client.1").split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    assert f"\n.It {status}\n" in section
