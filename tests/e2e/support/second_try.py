# second_try.py - a test that waited in vain is run a second time, once what kept the machine busy may be over.
# Only a wait that ran out counts as one: a wrong value, a lost connection or a crash fails the test at once.
# Summaries count such tests as "late", and name them.  A plugin of pytest.
#
# SPDX-License-Identifier: BSD-2-Clause

import subprocess
import time

import pytest
from _pytest.runner import runtestprotocol

REST = 3   # seconds before the second try


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().timed_out = bool(call.excinfo) and call.excinfo.errisinstance(
        (TimeoutError, subprocess.TimeoutExpired))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    if item.get_closest_marker("load"):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    failures = [report for report in reports if report.failed]
    if failures and all(report.timed_out for report in failures):
        time.sleep(REST)
        failures[0].outcome = "late"
        item._initrequest()
        reports = failures[:1] + runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_report_teststatus(report):
    return ("late", "L", "LATE") if report.outcome == "late" else None


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("late"):
        terminalreporter.write_line(f"LATE {report.nodeid}: {report.longrepr.reprcrash.message}")
