/* history.js - the charts of a queue: how much it has, and how much goes in and out; and the same as tables.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get} from './api.js';
import {TimeChart} from './charts.js';
import {button, el, fill, panel} from './dom.js';
import {moment, number, rate} from './format.js';
import {Grid} from './grid.js';
import {problem} from './notice.js';
import {T} from './texts.js';

const EVERY_MS = 10000; /* as often as there is a new point */
const ROWS = 12;        /* of a table, about */
const DEPTH = ['ready', 'leased', 'delayed', 'dead'];
const RATES = ['in_s', 'out_s', 'ack_s', 'return_s', 'dead_s'];

/* A chart, and below it the same numbers as a table, newest first, whose rows are further apart. */
class Figure {
    constructor(label, members, isRate, controls) {
        const format = isRate ? rate : number;

        this.members = members;
        this.chart = new TimeChart(label, members.map(member => [member, T.lines[member]]), isRate);
        this.note = el('div', {class: 'note'});
        this.table = new Grid(label, [{id: 'time', title: T.time, cell: row => moment(row.time)},
            ...members.map(member => ({id: member, title: T.lines[member], number: true,
                cell: (row, td) => { fill(td, format(row[member])); }}))], row => row.time);
        this.place = panel(label, controls, el('div', {class: 'body'}, this.note, this.chart.place),
            el('details', null, el('summary', null, T.asTable), this.table.place));
    }

    show(history) {
        const length = history[this.members[0]].length;
        const every = Math.ceil(length / ROWS);
        const rows = [];

        this.chart.show(history);
        for (let at = length - 1; at >= 0; at -= every)
            rows.push({time: history.from + at * history.step_s * 1000,
                ...Object.fromEntries(this.members.map(member => [member, history[member][at]]))});
        this.table.show(rows);
        const isKnown = this.members.some(member => history[member].some(value => value !== null));
        fill(this.note, !history.on ? T.noHistory : isKnown ? null : T.noSamples);
    }

    fail(failure) {
        fill(this.note, problem(failure));
    }
}

export class History {
    constructor(name, refresh) {
        this.name = name;
        this.refresh = refresh;
        this.span = '3600';
        this.asked = 0;
        this.buttons = Object.entries(T.spans).map(([span, text]) => button(text, () => this.choose(span),
            {'aria-pressed': String(span === this.span), 'data-span': span}));
        this.figures = [new Figure(T.depth, DEPTH, false,
            el('div', {class: 'tabs', role: 'group', 'aria-label': T.spanOf}, this.buttons)), new Figure(T.rates, RATES, true)];
        this.place = el('div', {class: 'columns'}, this.figures.map(figure => figure.place));
    }

    choose(span) {
        this.span = span;
        for (const control of this.buttons)
            control.setAttribute('aria-pressed', String(control.dataset.span === span));
        this.asked = 0;
        this.ask();
    }

    async ask() {
        const now = performance.now();
        const span = this.span;

        if (this.asked && now - this.asked < EVERY_MS)
            return;
        this.asked = now;
        try {
            const history = await get('history', this.name, {span}, this.refresh.signal);
            if (span === this.span && this.place.isConnected)
                this.figures.forEach(figure => figure.show(history));
        } catch (failure) {
            this.asked = 0;
            if (failure.name !== 'AbortError' && failure.kind !== 'away')
                this.figures.forEach(figure => figure.fail(failure));
        }
    }

    close() {
        this.figures.forEach(figure => figure.chart.close());
    }
}
