/* test-message.js - a message that is pushed by hand.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {address, json, send} from './api.js';
import {choice, el, field, fill, form, panel} from './dom.js';
import {base64ToBytes} from './format.js';
import {act, outcome} from './notice.js';
import {T} from './texts.js';

/* What is typed, as a body with its type; throws a text for people. */
const FORMS = {
    text: text => [text, 'text/plain; charset=utf-8'],
    json: text => {
        try {
            JSON.parse(text);
        } catch (error) {
            throw new Error(T.badJson(error.message));
        }
        return [text, 'text/plain; charset=utf-8'];
    },
    base64: text => {
        try {
            return [base64ToBytes(text.trim()), 'application/octet-stream'];
        } catch (error) {
            throw new Error(T.badBase64);
        }
    },
};

export class TestMessage {
    constructor(queue) {
        this.queue = queue;
        this.result = outcome();
        this.content = el('div', {class: 'body'});
        this.place = panel(T.tabs.test, null, this.content);
    }

    ask() {
        if (!this.content.firstChild)
            fill(this.content, this.queue.may.has('write') ? this.build() : el('p', {class: 'muted'}, T.mayNotPush));
    }

    build() {
        const value = el('textarea', {rows: 8, spellcheck: 'false'});
        const kind = choice(Object.entries(T.forms), 'text');
        const delay = el('input', {inputmode: 'numeric'});
        const ttl = el('input', {inputmode: 'numeric'});
        const once = el('input', {spellcheck: 'false', maxlength: 128});
        const submit = el('button', {type: 'submit', class: 'primary'}, T.push);

        return form(() => act(submit, this.result, async () => {
            const [body, type] = FORMS[kind.value](value.value);
            const said = await json(await send('POST',
                address('q', this.queue.name, {delay: delay.value, ttl: ttl.value}),
                {body, type, more: once.value ? {'Idempotency-Key': once.value} : {}}));
            this.queue.changed();
            return T.pushed(said.key);
        }), field(T.value, value), el('div', {class: 'fields'}, field(T.form, kind),
            field(T.delay[0], delay, T.delay[1]), field(T.ttl[0], ttl, T.ttl[1]), field(T.once[0], once, T.once[1])),
        el('div', {class: 'row end'}, submit), this.result.place);
    }
}
