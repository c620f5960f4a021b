/* queues.js - all queues in one table.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {note, to} from '../address.js';
import {base} from '../api.js';
import {badges} from '../badges.js';
import {choice, el, fill, heading, later} from '../dom.js';
import {number} from '../format.js';
import {Grid, pager} from '../grid.js';
import {empty, loading, problem} from '../notice.js';
import {CHOICES, listQueues} from '../queue-list.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';

const LIMIT = 50;
const FILTER_MS = 120;

export function title() {
    return T.nav.queues;
}

function figure(id, title, show, narrow) {
    return {id, title, number: true, sort: true, narrow, cell: row => row.error ? '' : show(row)};
}

function columns() {
    const c = T.columns;

    return [
        {id: 'name', title: c.name, sort: true, class: 'name', cell: (row, td) => {
            if (!td.firstChild)
                td.append(el('a', {href: to('queue', [row.name])}, row.name));
        }},
        figure('ready', c.ready, row => number(row.ready)),
        figure('leased', c.leased, row => number(row.leased), false),
        figure('delayed', c.delayed, row => number(row.delayed), false),
        figure('dead', c.dead, row => number(row.dead)),
        figure('consumers', c.consumers, row => number(row.consumers), false),
        {id: 'policy', title: c.policy, narrow: false, cell: row => row.policy || ''},
        {id: 'state', title: c.state, cell: row => badges(row)},
    ];
}

class Queues {
    constructor(main, query) {
        this.look = {sort: query.get('sort') || 'name', order: query.get('order') || '', match: query.get('match') || '',
            show: CHOICES.includes(query.get('show')) ? query.get('show') : 'all', offset: Number(query.get('offset')) || 0};
        this.turn = 0;
        this.grid = new Grid(T.nav.queues, columns(), row => row.name, id => this.sortBy(id));
        this.content = el('div', null, loading());
        this.pages = el('div');
        this.refresh = refresher(() => this.ask());
        this.changed = later(FILTER_MS, () => this.restart());
        fill(main, heading(T.nav.queues, null, this.refresh.controls), el('section', {class: 'panel', 'aria-label': T.nav.queues}, this.controls(), this.content));
        this.refresh.ticker.tick();
    }

    controls() {
        const input = el('input', {type: 'search', value: this.look.match, placeholder: T.filterNames,
            'aria-label': T.filterNames, title: T.filterHint, spellcheck: 'false', oninput: event => {
                this.look.match = event.target.value.trim();
                this.changed();
            }});
        const show = choice(CHOICES.map(key => [key, T.presets[key]]), this.look.show, value => {
            this.look.show = value;
            this.restart();
        });

        return el('div', {class: 'title'}, el('div', {class: 'search'}, input),
            el('label', {class: 'inline'}, T.show, show));
    }

    order() {
        return this.look.order || (this.look.sort === 'name' ? 'asc' : 'desc');
    }

    sortBy(id) {
        const other = this.order() === 'asc' ? 'desc' : 'asc';

        this.look.order = this.look.sort === id ? other : '';
        this.look.sort = id;
        this.restart();
    }

    restart(offset = 0) {
        const {sort, order, match, show} = this.look;

        this.look.offset = offset;
        note('queues', [], {sort: sort === 'name' ? '' : sort, order, match, show: show === 'all' ? '' : show,
            offset: offset || ''});
        this.refresh.ticker.tick();
    }

    async ask() {
        const turn = ++this.turn;

        try {
            const answer = await listQueues({...this.look, order: this.order()}, LIMIT, this.refresh.signal);
            if (turn === this.turn)
                this.show(answer);
        } catch (failure) {
            if (failure.name !== 'AbortError' && !(failure.kind === 'away' && this.grid.place.isConnected))
                fill(this.content, el('div', {class: 'body'}, problem(failure)));
        }
    }

    show(answer) {
        if (!this.grid.place.isConnected)
            fill(this.content, this.grid.place, this.pages);
        this.grid.showSort(this.look.sort, this.order());
        this.grid.show(answer.queues, this.nothing(answer));
        fill(this.pages, pager(this.look.offset, LIMIT, answer.queues.length, answer.total,
            offset => this.restart(offset), answer.isCut ? ` · ${T.cut}` : null));
        this.refresh.updated();
    }

    nothing(answer) {
        return answer.count > 0 ? empty(T.noMatch, T.noMatchText)
            : empty(T.noQueues, T.noQueuesText, ' ', el('code', null, `curl -d value=hello ${new URL('q/orders', base)}`));
    }

    close() {
        this.refresh.close();
    }
}

export function open(main, parts, query) {
    return new Queues(main, query);
}
