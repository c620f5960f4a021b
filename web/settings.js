/* settings.js - the settings of a queue with what each does, and pause and start.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get, post} from './api.js';
import {button, choice, el, field, fill, form, panel} from './dom.js';
import {act, loading, outcome, problem} from './notice.js';
import {T} from './texts.js';

const NUMBERS = ['lease', 'max_deliveries', 'max_length', 'ttl'];

export class Settings {
    constructor(queue) {
        this.queue = queue;
        this.known = null;
        this.fields = {};
        this.result = outcome();
        this.flowResult = outcome();
        this.content = el('div', {class: 'body'}, loading());
        this.flows = el('div', {class: 'stack'});
        this.place = el('div', {class: 'columns'}, panel(T.tabs.settings, null, this.content),
            panel(T.flow, null, el('div', {class: 'body stack'}, this.flows, this.flowResult.place)));
    }

    /* The form is made once, so that nothing is lost that is being typed; how the flow is is shown each time. */
    async ask() {
        this.showFlows();
        if (this.known)
            return;
        try {
            this.known = await get('p', this.queue.name, null, this.queue.refresh.signal);
            this.build();
        } catch (failure) {
            if (failure.name !== 'AbortError')
                fill(this.content, problem(failure));
        }
    }

    build() {
        const may = this.queue.may.has('settings');
        const submit = el('button', {type: 'submit', class: 'primary'}, T.save);
        const disabled = !may;

        this.fields.policy = choice(Object.entries(T.policies), this.known.value, null, {disabled});
        for (const name of NUMBERS)
            this.fields[name] = el('input', {inputmode: 'numeric', value: this.known[name], disabled});
        this.fields.backoff = el('input', {value: this.known.backoff || '0', spellcheck: 'false', disabled});
        fill(this.content, form(() => act(submit, this.result, () => this.save()),
            el('div', {class: 'fields'}, Object.entries(T.settings).map(([name, [label, what]]) =>
                field(label, this.fields[name], what))),
            may ? el('div', {class: 'row end'}, submit) : el('p', {class: 'note'}, T.mayNotSet), this.result.place));
    }

    async save() {
        const before = {...this.known, policy: this.known.value, backoff: this.known.backoff || '0'};
        const changed = Object.entries(this.fields).map(([name, control]) => [name, control.value.trim() || '0'])
            .filter(([name, value]) => value !== String(before[name]));

        if (changed.length) {
            await post('p', this.queue.name, Object.fromEntries(changed));
            this.known = await get('p', this.queue.name);
            this.queue.changed();
        }
        return T.saved;
    }

    showFlows() {
        const {stats, may} = this.queue;
        const held = stats.held || [];
        const text = JSON.stringify([stats.status, held]);

        if (text === this.shown)
            return;
        this.shown = text;
        fill(this.flows, Object.entries(T.flows).map(([what, [name, note]]) => {
            const isHeld = what === 'streams' ? stats.status === 0 : held.includes(what);
            const control = button(isHeld ? T.start : T.pause, event => this.hold(event.target, what, name, isHeld),
                {'aria-label': `${isHeld ? T.start : T.pause}: ${name}`});

            return el('div', {class: 'row'}, el('div', {class: 'grow'}, el('h3', null, name, ' ',
                el('span', {class: isHeld ? 'badge warn' : 'badge good'}, isHeld ? T.paused : T.running)),
            el('p', {class: 'note'}, note)), may.has('settings') ? control : null);
        }));
    }

    hold(source, what, name, starts) {
        return act(source, this.flowResult, async () => {
            await post('control', this.queue.name, {status: starts ? 'start' : 'stop', what});
            this.queue.changed();
            return T.flowChanged(name, starts);
        });
    }
}
