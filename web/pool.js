/* pool.js - one pool: its servers by row, with bars; charge, set, remove.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get, post, put, remove} from './api.js';
import {confirm} from './dialog.js';
import {button, el, field, fill, form, panel} from './dom.js';
import {isNumber} from './format.js';
import {act, empty, loading, outcome, problem} from './notice.js';
import {rightsOf} from './rights.js';
import {T} from './texts.js';
import {Grid} from './grid.js';

export class Pool {
    constructor(name, refresh) {
        this.name = name;
        this.refresh = refresh;
        this.may = new Set();
        this.count = 0;
        this.most = 1;
        this.rows = new Map();
        this.result = outcome();
        this.content = el('div', {class: 'stack'}, loading());
        this.actions = el('div', {class: 'columns'});
        this.place = el('div', {class: 'stack'}, this.result.place, this.content, this.actions);
    }

    async ask() {
        try {
            const [list, may] = await Promise.all([get('lb', this.name, {list: 1}, this.refresh.signal),
                rightsOf(this.name, this.refresh.signal)]);
            this.offer(may);
            this.show(list.rows);
            this.refresh.updated();
        } catch (failure) {
            if (failure.name === 'AbortError')
                return;
            if (failure.kind === 'missing') {
                this.offer(await rightsOf(this.name, this.refresh.signal).catch(() => this.may));
                this.rows.clear();
                fill(this.content, el('section', {class: 'panel'}, empty(T.noPool, T.noPoolText)));
            } else if (failure.kind !== 'away' || !this.rows.size) {
                fill(this.content, problem(failure));
            }
        }
    }

    /* The forms stay while the rights are the same, with what is typed in them. */
    offer(may) {
        if ([...may].join() === [...this.may].join())
            return;
        this.may = may;
        this.rows.clear();
        fill(this.actions, may.has('read') ? this.charger() : null, may.has('admin') ? this.setter() : null);
    }

    show(rows) {
        const scores = Object.values(rows).flatMap(servers => Object.values(servers)).filter(isNumber);
        const names = Object.keys(rows).sort();

        this.most = Math.max(1, ...scores);
        this.count = Object.values(rows).reduce((sum, servers) => sum + Object.keys(servers).length, 0);
        if (names.join('\n') !== [...this.rows.keys()].join('\n')) {
            this.rows = new Map(names.map(name => [name, new Grid(T.poolRow(name), this.columns(), row => row.server)]));
            fill(this.content, el('div', {class: 'columns'}, names.map(name =>
                panel(T.poolRow(name), null, this.rows.get(name).place))));
        }
        for (const name of names)
            this.rows.get(name).show(Object.entries(rows[name]).map(([server, score]) => ({server, score, row: name}))
                .sort((a, b) => (a.score ?? Infinity) - (b.score ?? Infinity) || (a.server < b.server ? -1 : 1)));
    }

    columns() {
        const c = T.poolColumns;

        return [
            {id: 'server', title: c.server, class: 'name', cell: row => row.server},
            {id: 'score', title: c.score, cell: row => isNumber(row.score)
                ? el('div', {class: 'score'}, el('meter', {min: Math.min(0, row.score), max: this.most, value: row.score,
                    'aria-label': T.scoreOf(row.server)}), el('span', null, String(row.score)))
                : el('span', {class: 'badge warn'}, T.outOfService)},
            this.may.has('admin') ? {id: 'actions', title: c.actions, number: true, cell: (row, td) => {
                if (!td.firstChild)
                    td.append(button(T.edit, () => this.edit(row), {class: 'quiet', 'aria-label': T.editServer(row.server)}),
                        button(T.removeServer, event => this.removeServer(row.server, event.target),
                            {class: 'quiet', 'aria-label': T.removeServerLong(row.server)}));
            }} : null,
        ].filter(Boolean);
    }

    charger() {
        const cost = el('input', {inputmode: 'decimal', value: '1'});
        const submit = el('button', {type: 'submit'}, T.charge);

        return panel(T.charge, null, el('div', {class: 'body'}, form(() => act(submit, this.result, async () => {
            const answer = await post('lb', this.name, {}, {cost: cost.value});
            this.refresh.ticker.tick();
            return T.charged(answer.servers[0], answer.scores[0]);
        }), field(T.cost, cost), el('div', {class: 'row end'}, submit))));
    }

    setter() {
        const submit = el('button', {type: 'submit'}, T.set);

        this.fields = {server: el('input', {maxlength: 255, spellcheck: 'false'}), row: el('input', {maxlength: 128,
            spellcheck: 'false'}), score: el('input', {inputmode: 'decimal'})};
        return panel(T.setServer, button(T.removePool, event => this.removeAll(event.target), {class: 'danger'}),
            el('div', {class: 'body'}, form(() => act(submit, this.result, async () => {
                const {server, row, score} = this.fields;
                const answer = await put('lb', this.name, {server: server.value, row: row.value, score: score.value});
                this.refresh.ticker.tick();
                return T.setDone(answer.server, answer.score);
            }), el('div', {class: 'fields'}, Object.entries(this.fields).map(([name, input]) => field(T[name], input))),
            el('div', {class: 'row end'}, submit))));
    }

    edit(row) {
        for (const [name, input] of Object.entries(this.fields))
            input.value = row[name] ?? '';
        this.fields.score.focus();
        this.fields.score.select();
    }

    async removeServer(server, source) {
        if (await confirm(T.removeServerQuestion(server), T.removeServerText(this.name), T.removeServerLong(server)))
            await act(source, this.result, async () => {
                await remove('lb', this.name, {server});
                this.refresh.ticker.tick();
                return T.removed(server);
            });
    }

    async removeAll(source) {
        if (await confirm(T.removePoolQuestion(this.name), T.removePoolText(this.count), T.removePoolAction(this.count)))
            await act(source, this.result, async () => {
                await remove('lb', this.name, {all: 1});
                this.refresh.ticker.tick();
                return T.removed(this.name);
            });
    }
}
