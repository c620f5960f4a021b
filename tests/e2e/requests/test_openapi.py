# test_openapi.py - GET /openapi.json: the routes for tools.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import pathlib
import subprocess

import pytest

from checks import assert_error

VALIDATE = """
const {Validator} = await import("@seriousme/openapi-schema-validator");
const result = await new Validator().validate(process.argv[2]);
console.log(result.valid, JSON.stringify(result.errors));
"""

CLIENT = """
const {OpenAPI, DefaultService: api} = require(process.argv[2]);
OpenAPI.BASE = process.argv[3] + OpenAPI.BASE.replace(/\\/$/, "");
(async () => {
    const name = process.argv[4];
    const seen = {key: await api.pushMessage({name, formData: {value: "hello"}})};
    seen.message = await api.takeMessage({name});
    seen.empty = await api.takeMessage({name}) ?? null;
    seen.refused = await api.takeMessage({name, count: 0}).catch(error => error.body.code);
    console.log(JSON.stringify(seen));
})();
"""


@pytest.fixture(scope="module")
def tools(builddir):
    """The folder of the programs of npm, which `./bootstrap check openapi` installs."""
    folder = pathlib.Path(builddir).resolve() / "openapi-tools"
    if not (folder / "node_modules").exists():
        pytest.skip("the tools of npm are not there")
    return folder


def test_served_is_what_is_installed(http, builddir):
    answer = http.get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.json() == json.loads(pathlib.Path(builddir, "openapi.json").read_text())
    assert http.request("HEAD", "/openapi.json").headers["ETag"] == answer.headers["ETag"]


def test_only_the_prefix_is_of_the_installation(new_stack, builddir):
    """It needs no right."""
    stack = new_stack(conf={"prefix": "/mq", "authkeys": "required"})
    answer = stack.http.get("/mq/openapi.json")
    installed = json.loads(pathlib.Path(builddir, "openapi.json").read_text())
    assert answer.json() == {**installed, "servers": [{"url": "/mq"}]}


def test_a_copy_that_is_the_same(http):
    etag = http.get("/openapi.json").headers["ETag"]
    for tags, status in (etag, 304), (f'"a", {etag}', 304), ("*", 304), ('"a"', 200):
        answer = http.get("/openapi.json", {"If-None-Match": tags})
        assert answer.status == status and (answer.body == b"") == (status == 304)
        assert answer.headers["ETag"] == etag


def test_refused(http):
    assert_error(http.request("POST", "/openapi.json", b""), 405, "not_allowed")
    assert_error(http.get("/openapi.json?colour=red"), 400, "bad_request")
    assert_error(http.get("/openapi.json/foo"), 404, "not_found")


def test_a_validator_finds_nothing(builddir, tools):
    (tools / "validate.mjs").write_text(VALIDATE)
    done = subprocess.run(["node", "validate.mjs", pathlib.Path(builddir, "openapi.json").resolve()], cwd=tools,
                          capture_output=True, text=True)
    assert done.stdout.startswith("true "), done


def test_a_generated_client(stack, http, queue, tools, tmp_path):
    """Pushes, takes, and hears why something was refused."""
    (tmp_path / "openapi.json").write_bytes(http.get("/openapi.json").body)
    for command in (["node_modules/.bin/openapi", "--input", tmp_path / "openapi.json", "--output", tmp_path / "made",
                     "--client", "fetch", "--useOptions"],
                    ["node_modules/.bin/tsc", "--module", "commonjs", "--target", "es2022", "--lib", "es2022,dom",
                     "--skipLibCheck", "--outDir", tmp_path / "client", tmp_path / "made/index.ts"]):
        subprocess.run(command, cwd=tools, check=True)
    (tmp_path / "use.js").write_text(CLIENT)
    done = subprocess.run(["node", tmp_path / "use.js", tmp_path / "client/index.js",
                           f"http://127.0.0.1:{http.port}", queue], capture_output=True, text=True, timeout=60)
    assert not done.stderr
    seen = json.loads(done.stdout)
    assert seen == {"key": {"queue": queue, "key": f"{queue}:1"}, "message": {"key": f"{queue}:1", "value": "hello", "count": 0},
                    "empty": None, "refused": "bad_value"}, done
