/* pools.js - which pools there are, and the servers of one by row, with their scores.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {to} from '../address.js';
import {getPage} from '../api.js';
import {button, el, fill, form, heading, panel} from '../dom.js';
import {number} from '../format.js';
import {Grid} from '../grid.js';
import {empty, loading, problem} from '../notice.js';
import {Pool} from '../pool.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';

const LIMIT = 100; /* pools that are shown at a time */

export function title(parts) {
    return parts[0] || T.poolsTitle;
}

class Pools {
    constructor(main, name) {
        this.name = name;
        this.refresh = refresher(() => this.ask());
        this.cursors = [''];
        this.names = el('div', null, loading());
        this.pages = el('div', {class: 'pager'});
        this.grid = new Grid(T.poolsTitle, this.columns(), row => row.name);
        this.pool = name ? new Pool(name, this.refresh) : null;
        fill(main, heading(name || T.poolsTitle, name ? [T.poolsTitle, to('pools')] : null, this.refresh.controls),
            this.chooser(), this.pool ? this.pool.place : panel(T.poolsTitle, null, this.names));
        this.refresh.ticker.tick();
    }

    columns() {
        return [{id: 'name', title: T.pool, class: 'name', cell: (row, td) => {
            if (!td.firstChild)
                td.append(el('a', {href: to('pools', [row.name])}, row.name));
        }}, {id: 'servers', title: T.servers, number: true, cell: row => row.error ? T.damaged : number(row.servers)}];
    }

    chooser() {
        const input = el('input', {value: this.name, placeholder: T.pool, 'aria-label': T.pool, spellcheck: 'false',
            maxlength: 250, required: true});

        return el('section', {class: 'panel', 'aria-label': T.pool}, el('div', {class: 'body'}, form(() => {
            if (input.value.trim())
                location.hash = to('pools', [input.value.trim()]);
        }, el('div', {class: 'row'}, el('div', {class: 'grow'}, input), el('button', {type: 'submit'}, T.open)))));
    }

    async ask() {
        if (this.pool)
            await this.pool.ask();
        else
            await this.askNames();
    }

    async askNames() {
        const {cursors} = this;

        try {
            const {data, next} = await getPage('lb', '', {limit: LIMIT, cursor: cursors[cursors.length - 1]}, this.refresh.signal);
            if (cursors === this.cursors)
                this.showNames(data.pools, next);
            this.refresh.updated();
        } catch (failure) {
            if (failure.name !== 'AbortError' && !(failure.kind === 'away' && this.grid.place.isConnected))
                fill(this.names, el('div', {class: 'body'}, problem(failure)));
        }
    }

    showNames(pools, next) {
        if (!this.grid.place.isConnected)
            fill(this.names, this.grid.place, this.pages);
        this.grid.show(pools, empty(T.noPools, T.noPoolText));
        this.pages.hidden = !next && this.cursors.length === 1;
        fill(this.pages, el('span', null, ''), el('span', {class: 'row'},
            button(T.previous, () => this.go(this.cursors.slice(0, -1)), {disabled: this.cursors.length === 1}),
            button(T.next, () => this.go([...this.cursors, next]), {disabled: !next})));
    }

    go(cursors) {
        this.cursors = cursors;
        this.refresh.ticker.tick();
    }

    close() {
        this.refresh.close();
    }
}

export function open(main, parts) {
    return new Pools(main, parts[0] || '');
}
