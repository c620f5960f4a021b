# test_settings_route.py - GET /settings: what is in force of restmq.conf.
#
# SPDX-License-Identifier: BSD-2-Clause

import re
import subprocess

from checks import assert_error, assert_json


def test_every_setting(stack, builddir):
    """Under the names that restmq.conf has, and with the values that the program goes by."""
    told = assert_json(stack.http.get("/settings"))
    assert told.keys() == {"settings"}
    with open(f"{builddir}/../docs/restmq.conf.5", encoding="utf-8") as page:
        names = set(re.findall(r"^\.It Ic ([a-z_]+) No", page.read(), re.MULTILINE))
    assert names and set(told["settings"]) >= names - {"callback"}
    assert all(isinstance(value, str) for value in told["settings"].values())
    assert told["settings"]["redis"] == stack.redis.address
    assert told["settings"]["jsonp"] == "off" and told["settings"]["max_message"] == "1048576"


def test_passwords_are_not_told(new_stack, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    stack = new_stack(conf={"sentinel_user": "watcher", "sentinel_password_file": secret, "prefix": "/mq"})
    answer = stack.http.get("/mq/settings")
    assert answer.json()["settings"]["sentinel_password_file"] == str(secret)
    assert "hunter2" not in answer.text


def test_no_options(http, unchanged):
    assert_error(http.get("/settings?all=1"), 400, "bad_request", "all")
    assert http.post("/settings", form={}).status == 405
    assert http.get("/settings/foo").status == 404
