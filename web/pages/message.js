/* message.js - one message: what is known of it, and its body as text, JSON or bytes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {to} from '../address.js';
import {address, expectType, get, send} from '../api.js';
import {button, el, fill, heading, pairs, panel} from '../dom.js';
import {age, base64ToBytes, bytes, hex, isNumber, moment, number, pretty, span, textToBytes} from '../format.js';
import {act, loading, outcome, problem} from '../notice.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';

const CUT = 65536;

export function title(parts) {
    return parts[1] || '';
}

/* The part of the body that came, in every way it can be shown. */
function bodyOf(message) {
    const data = message.encoding ? base64ToBytes(message.value) : textToBytes(message.value);

    return {data, text: message.encoding ? null : message.value, json: message.encoding ? null : pretty(message.value)};
}

class Message {
    constructor(main, queue, key) {
        this.queue = queue;
        this.key = key;
        this.view = null;
        this.shown = '';
        this.refresh = refresher(() => this.ask());
        this.facts = el('div', {class: 'body'}, loading());
        this.body = el('div', {class: 'body'}, loading());
        this.views = el('div', {class: 'tabs', role: 'group', 'aria-label': T.body});
        this.saving = button(T.download, event => this.download(event.target), {hidden: true});
        this.result = outcome();
        this.content = el('div', {class: 'stack'}, panel(T.messageOf(key), null, this.facts),
            panel(T.body, [this.views, this.saving], this.result.place, this.body));
        fill(main, heading(key, [T.queueOf(queue), to('queue', [queue])], this.refresh.controls), this.content);
        this.refresh.ticker.tick();
    }

    async ask() {
        try {
            const said = await get('j', this.queue, {key: this.key, cut: CUT}, this.refresh.signal);
            this.showFacts(said.message, said.now);
            this.showBody(said.message, said.bodies !== false);
            this.refresh.updated();
        } catch (failure) {
            if (failure.name === 'AbortError' || failure.kind === 'away')
                return;
            this.shown = '';
            this.saving.hidden = true;
            fill(this.views);
            fill(this.body);
            fill(this.facts, failure.kind === 'missing' ? el('p', {class: 'problem mild'}, T.gone) : problem(failure));
        }
    }

    showFacts(message, now) {
        const f = T.facts, died = message.died;

        fill(this.facts, pairs([
            [f.key, message.key],
            [f.queue, el('a', {href: to('queue', [this.queue])}, this.queue)],
            [f.state, el('span', {class: 'badge'}, T.messageStates[message.state] || message.state)],
            [f.size, `${bytes(message.size)}${message.size >= 1024 ? ` (${number(message.size)} B)` : ''}`],
            [f.deliveries, number(message.deliveries)],
            message.lease_until && [f.lease, [moment(message.lease_until), ` (${span((message.lease_until - now) / 1000)})`]],
            message.due && [f.due, [moment(message.due), ` (${span((message.due - now) / 1000)})`]],
            message.expires && [f.ttl, span((message.expires - now) / 1000)],
            isNumber(message.age_s) && [f.age, age(message.age_s, message.age_is)],
            message.reason !== undefined && [f.reason, message.reason],
            died && [f.died, moment(died.at)],
            died && [f.deaths, number(died.deliveries)],
            died && died.reason !== undefined && [f.why, died.reason || T.noReason],
        ]));
    }

    showBody(message, mayRead) {
        const text = JSON.stringify([message.value, message.size, mayRead]);

        if (text === this.shown)
            return;
        this.shown = text;
        this.saving.hidden = !mayRead;
        if (!mayRead || message.value === undefined) {
            fill(this.views);
            fill(this.body, el('p', {class: 'muted'}, T.mayNotRead));
            return;
        }
        const body = bodyOf(message);
        this.view = this.view || (body.json !== null && /^[[{]/.test(body.text.trim()) ? 'json'
            : body.text !== null ? 'text' : 'hex');
        this.showView(message, body);
    }

    showView(message, body) {
        const can = {text: body.text !== null, json: body.json !== null, hex: true};

        if (!can[this.view])
            this.view = can.text ? 'text' : 'hex';
        fill(this.views, Object.entries(T.views).map(([id, text]) => button(text, () => {
            this.view = id;
            this.showView(message, body);
        }, {'aria-pressed': String(id === this.view), disabled: !can[id], 'data-view': id,
            title: can[id] ? null : id === 'json' ? T.notJson : T.notText})));
        const isHex = this.view === 'hex';
        const shown = isHex ? hex(body.data) : this.view === 'json' ? body.json : body.text;

        fill(this.body, message.size === 0 ? el('p', {class: 'muted'}, T.emptyBody)
            : el('pre', {class: isHex ? 'bytes hex' : 'bytes', tabindex: 0, 'aria-label': T.body}, shown),
        message.cut ? el('p', {class: 'note'}, T.cutAt(bytes(body.data.length), bytes(message.size))) : null,
        body.text === null ? el('p', {class: 'note'}, T.notText) : null);
    }

    /* The browser saves what came with the key, which a link could not send. */
    download(source) {
        return act(source, this.result, async () => {
            this.result.say(T.downloading);
            const response = await send('GET', address('j', this.queue, {key: this.key, raw: 1}),
                {accept: '*/*', signal: this.refresh.signal, isStream: true});
            expectType(response, 'application/octet-stream');
            const link = URL.createObjectURL(await response.blob());

            el('a', {href: link, download: this.key.replace(/[^A-Za-z0-9_.@-]+/g, '_')}).click();
            setTimeout(() => URL.revokeObjectURL(link), 60000);
            this.result.clear();
        });
    }

    close() {
        this.refresh.close();
    }
}

export function open(main, parts) {
    return new Message(main, parts[0] || '', parts[1] || '');
}
