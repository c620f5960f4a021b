/* history.js - the charts of a queue: how much it has, and how much goes in and out.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get} from './api.js';
import {TimeChart} from './charts.js';
import {button, el, fill, panel} from './dom.js';
import {problem} from './notice.js';
import {T} from './texts.js';

const EVERY_MS = 10000; /* as often as there is a new point */
const SPANS = [[3600, T.hour], [86400, T.day], [691200, T.week]];
const DEPTH = ['ready', 'leased', 'delayed', 'dead'];
const RATES = ['in_s', 'out_s', 'ack_s', 'return_s', 'dead_s'];

function lines(members) {
    return members.map(member => [member, T.lines[member]]);
}

export class History {
    constructor(name, refresh) {
        this.name = name;
        this.refresh = refresh;
        this.span = 3600;
        this.asked = 0;
        this.charts = [new TimeChart(T.depth, lines(DEPTH)), new TimeChart(T.rates, lines(RATES), true)];
        this.buttons = SPANS.map(([span, text]) => button(text, () => this.choose(span),
            {'aria-pressed': String(span === this.span)}));
        this.note = el('div');
        const spans = el('div', {class: 'tabs', role: 'group', 'aria-label': T.depth}, this.buttons);

        this.place = el('div', {class: 'columns'}, panel(T.depth, spans, el('div', {class: 'body'}, this.charts[0].place,
            this.note)), panel(T.rates, null, el('div', {class: 'body'}, this.charts[1].place)));
    }

    choose(span) {
        this.span = span;
        this.buttons.forEach((control, at) => control.setAttribute('aria-pressed', String(SPANS[at][0] === span)));
        this.asked = 0;
        this.ask();
    }

    async ask() {
        const now = performance.now();

        if (this.asked && now - this.asked < EVERY_MS)
            return;
        this.asked = now;
        try {
            const span = this.span;
            const history = await get('history', this.name, {span}, this.refresh.signal);
            if (span !== this.span)
                return;
            this.charts.forEach(chart => chart.show(history));
            fill(this.note, history.on ? null : el('p', {class: 'note'}, T.noHistory));
        } catch (failure) {
            this.asked = 0;
            if (failure.name !== 'AbortError' && failure.kind !== 'away')
                fill(this.note, problem(failure));
        }
    }

    close() {
        this.charts.forEach(chart => chart.close());
    }
}
