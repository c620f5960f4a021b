# test_stream_browser.py - a page in a real Chromium: a WebSocket, an EventSource and a fetch() stream.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import browser as browsers
import stack as servers
from checks import push
from reliable import policy, stats

# What the page does: every transport has a list of what arrived and of how it went.
PAGE = r"""
const queue = arguments[0];
document.body.innerHTML = '<pre id="websocket"></pre><pre id="sse"></pre><pre id="fetch"></pre>';
window.seen = {websocket: [], sse: [], fetch: [], state: []};
function show(transport, text) {
    seen[transport].push(text);
    document.getElementById(transport).textContent += text + '\n';
}
window.socket = new WebSocket('ws://' + location.host + '/ws/' + queue);
socket.onopen = () => seen.state.push('websocket open ' + socket.extensions + socket.protocol);
socket.onmessage = event => show('websocket', event.data);
socket.onclose = event => seen.state.push(
    'websocket closed ' + event.code + ' ' + event.reason + ' ' + event.wasClean);
window.source = new EventSource('/c/' + queue);
source.onopen = () => seen.state.push('sse open');
source.onmessage = event => show('sse', event.data);
source.onerror = () => seen.state.push('sse error');
(async () => {
    const answer = await fetch('/c/' + queue, {cache: 'no-store'});
    seen.state.push('fetch open ' + answer.status);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
        const {value, done} = await reader.read();
        if (done)
            break;
        const lines = (rest + value).split('\r\n');
        rest = lines.pop();
        lines.forEach(line => show('fetch', line));
    }
    seen.state.push('fetch closed');
})();
"""


@pytest.fixture(scope="module")
def browser():
    with browsers.Browser() as browser:
        yield browser


@pytest.fixture(params=["direct", "proxied"])
def page(request, stack, browser, queue):
    """The page, connected, below the origin of the program itself."""
    port = stack.ws_port if request.param == "direct" else stack.port
    browser.open(f"http://127.0.0.1:{port}/health")
    browser.run(PAGE, queue)
    servers.wait_for(lambda: sum("open" in state for state in states(browser)) == 3)
    yield browser
    browser.open("about:blank")


def states(page):
    return page.run("return seen.state")


def arrived(page, transport, count):
    """What the page shows, once there is so much."""
    servers.wait_for(lambda: page.run("return seen[arguments[0]].length", transport) >= count)
    return page.run("return document.getElementById(arguments[0]).textContent.split('\\n')",
                    transport)[:-1]


TRANSPORTS = ["websocket", "sse", "fetch"]


def test_messages_arrive(page, http, queue):
    values = ["hello", "", "κόσμε 𝄞 \u2028", "  white space ", "<b>&amp;</b>", "x" * 100000]
    push(http, queue, *values)
    for transport in TRANSPORTS:
        messages = [json.loads(line) for line in arrived(page, transport, len(values))]
        assert [message["value"] for message in messages] == values
        assert messages[0] == {"key": f"{queue}:1", "value": "hello"}
    assert "websocket open " in states(page), "an extension or a protocol nobody asked for"


def test_work_is_shared(page, http, queue):
    policy(http, queue, policy="roundrobin")
    push(http, queue, *map(str, range(30)))
    servers.wait_for(lambda: page.run("return seen.websocket.length + seen.sse.length"
                                      " + seen.fetch.length") == 30, 5)
    shares = [[json.loads(line)["value"] for line in arrived(page, transport, 10)]
              for transport in TRANSPORTS]
    assert sorted(map(int, sum(shares, []))) == list(range(30))
    assert [len(share) for share in shares] == [10, 10, 10]
    servers.wait_for(lambda: stats(http, queue, "leased") == (0,))


def test_commands_and_echo(page, http, queue):
    page.run("socket.send(arguments[0]); socket.send('κόσμε'); socket.send('')",
             json.dumps({"cmd": "add", "queue": f"{queue}-x", "value": "κόσμε", "id": 7}))
    answer, echo, empty = arrived(page, "websocket", 3)[:3]
    assert json.loads(answer) == {"queue": f"{queue}-x", "value": "κόσμε", "key": f"{queue}-x:1",
                                  "id": 7}
    assert (echo, empty) == ("κόσμε", "")
    assert http.get(f"/q/{queue}-x").json()["value"] == "κόσμε"


def test_purge_and_what_the_browser_makes_of_it(page, http, queue):
    """The websocket learns why; the EventSource comes back by itself."""
    http.delete(f"/q/{queue}")
    servers.wait_for(lambda: "fetch closed" in states(page))
    servers.wait_for(lambda: "websocket closed 1000 purged true" in states(page))
    servers.wait_for(lambda: states(page).count("sse open") == 2)
    push(http, queue, "again")
    assert json.loads(arrived(page, "sse", 1)[0])["value"] == "again"


def test_binary_on_a_channel(page, redis, queue):
    page.run("""window.bytes = []; window.listening = false;
        const channel = new WebSocket('ws://' + location.host + '/sub/' + arguments[0]);
        channel.binaryType = 'arraybuffer';
        channel.onopen = () => { window.listening = true; };
        channel.onmessage = event => bytes.push(typeof event.data == 'string'
            ? event.data : Array.from(new Uint8Array(event.data)));""", queue)
    servers.wait_for(lambda: page.run("return listening"))
    redis.publish(queue, b"\xff\x00\x80")
    redis.publish(queue, "κόσμε")
    servers.wait_for(lambda: page.run("return bytes.length") == 2)
    assert page.run("return bytes") == [[255, 0, 128], "κόσμε"]


def test_closed_by_the_page(page, http, queue):
    page.run("socket.close(4001, 'enough'); source.close();")
    servers.wait_for(lambda: "websocket closed 4001 enough true" in states(page))
    push(http, queue, "a")
    assert json.loads(arrived(page, "fetch", 1)[0])["value"] == "a"
