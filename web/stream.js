/* stream.js - a stream of server-sent events, read with fetch() so that a key goes into a header.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {address, expectType, Failure, send} from './api.js';
import {T} from './texts.js';

const AGAIN_MS = 2000;

/* The events in what has arrived; onevent is called with (kind, text).  Returns what is left over. */
function cut(text, onevent) {
    const parts = text.split(/\r?\n\r?\n/);
    const rest = parts.pop();

    for (const part of parts) {
        const lines = part.split(/\r?\n/);
        const data = lines.filter(line => line.startsWith('data:')).map(line => line.slice(5).replace(/^ /, ''));
        const kind = lines.find(line => line.startsWith('event:'));

        if (data.length)
            onevent(kind ? kind.slice(6).trim() : 'message', data.join('\n'));
    }
    return rest;
}

async function read(response, onevent) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';

    for (;;) {
        const {value, done} = await reader.read();
        if (done)
            return;
        rest = cut(rest + value, onevent);
    }
}

function sleep(milliseconds, signal) {
    return new Promise(resolve => {
        const timer = setTimeout(resolve, milliseconds);
        signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, {once: true});
    });
}

/* Listens until the signal ends it, and comes again when the stream ends.  onstate is called with "open", "lost", or
 * with a Failure that ends it, such as a missing right. */
export async function listen(route, name, signal, onevent, onstate) {
    while (!signal.aborted) {
        try {
            const response = await send('GET', address(route, name), {accept: 'text/event-stream', signal,
                isStream: true});
            expectType(response, 'text/event-stream');
            onstate('open');
            await read(response, onevent);
        } catch (error) {
            if (signal.aborted)
                return;
            if (error instanceof Failure && !['away', 'redis'].includes(error.kind)) {
                onstate(error);
                return;
            }
            if (error instanceof Failure && error.status === 404) {
                onstate(new Failure('missing', T.noHelper, 404));
                return;
            }
        }
        if (signal.aborted)
            return;
        onstate('lost');
        await sleep(AGAIN_MS, signal);
    }
}
