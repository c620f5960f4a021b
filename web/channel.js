/* channel.js - one channel: what is published on it while one listens, and a text to publish.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {post} from './api.js';
import {button, el, field, fill, form, panel} from './dom.js';
import {moment} from './format.js';
import {act, outcome, problem} from './notice.js';
import {rightsOf} from './rights.js';
import {listen} from './stream.js';
import {T} from './texts.js';

const KEPT = 200; /* lines */

export class Channel {
    constructor(name, signal) {
        this.name = name;
        this.ending = null;
        this.state = el('span', {class: 'badge', role: 'status'});
        this.feed = el('ol', {class: 'feed', tabindex: 0, 'aria-label': T.live, 'aria-live': 'polite'});
        this.listening = button(T.listen, () => this.toggle(), {class: 'primary', hidden: true});
        this.note = el('div', {class: 'note'}, T.liveEmpty);
        this.publishing = el('div', {hidden: true}, this.publisher());
        this.place = el('div', {class: 'stack'},
            panel(T.live, [this.state, button(T.clear, () => fill(this.feed), {class: 'quiet'}), this.listening],
                el('div', {class: 'body stack'}, this.feed, this.note)),
            this.publishing);
        this.offer(signal);
    }

    async offer(signal) {
        try {
            const may = await rightsOf(this.name, signal);
            this.listening.hidden = !may.has('stream');
            this.publishing.hidden = !may.has('write');
            if (!may.has('stream'))
                fill(this.note, T.mayNotListen);
        } catch (failure) {
            if (failure.name !== 'AbortError')
                fill(this.note, problem(failure));
        }
    }

    publisher() {
        const text = el('textarea', {rows: 3});
        const result = outcome();
        const submit = el('button', {type: 'submit', class: 'primary'}, T.publish);

        return panel(T.publish, null, el('div', {class: 'body'}, form(() => act(submit, result, async () => {
            const answer = await post('pub', this.name, {body: text.value});
            return T.published(answer.channel, answer.receivers);
        }), field(T.publishText, text), el('div', {class: 'row end'}, submit), result.place)));
    }

    toggle() {
        if (this.ending)
            this.stop();
        else
            this.begin();
    }

    begin() {
        this.ending = new AbortController();
        this.listening.textContent = T.stopListening;
        listen('sub', this.name, this.ending.signal, (kind, text) => this.add(kind, text), state => this.become(state));
    }

    stop() {
        this.ending.abort();
        this.ending = null;
        this.listening.textContent = T.listen;
        fill(this.state);
    }

    become(state) {
        if (!this.ending)
            return;
        if (typeof state === 'string') {
            fill(this.state, T.listenState[state]);
            this.state.className = state === 'open' ? 'badge good' : 'badge warn';
            return;
        }
        this.stop();
        fill(this.note, problem(state));
    }

    add(kind, text) {
        const isGap = kind === 'message' && text === '{"event":"gap"}';
        const shown = isGap ? el('em', null, T.gap) : el('span', null, kind === 'binary' ? `${T.binary}: ${text}` : text);
        const isAtEnd = this.feed.scrollHeight - this.feed.scrollTop - this.feed.clientHeight < 40;

        this.feed.append(el('li', null, moment(Date.now(), true), shown));
        while (this.feed.children.length > KEPT)
            this.feed.firstChild.remove();
        if (isAtEnd)
            this.feed.scrollTop = this.feed.scrollHeight;
    }

    close() {
        if (this.ending)
            this.stop();
    }
}
