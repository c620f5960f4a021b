/* queues.js - all queues in one table.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {note, to} from '../address.js';
import {base} from '../api.js';
import {badges} from '../badges.js';
import {Spark} from '../charts.js';
import {choice, el, fill, heading, later, setText} from '../dom.js';
import {age, number, rate, span} from '../format.js';
import {Grid, pager} from '../grid.js';
import {empty, loading, problem} from '../notice.js';
import {CHOICES, listQueues, NUMBERS} from '../queue-list.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';

const LIMIT = 50;
const FILTER_MS = 20; /* there is never more than one request under way */

export function title() {
    return T.nav.queues;
}

function figure(id, title, show, narrow) {
    return {id, title, number: true, sort: true, narrow, cell: row => row.error ? '' : show(row)};
}

function columns(sparks) {
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
        {...figure('oldest_s', c.oldest, null, false), cell: (row, td) => {
            setText(td, row.error ? '' : age(row.oldest_s, row.oldest_is)); /* it grows all the time */
        }},
        figure('in_s', c.in, row => rate(row.in_s), false),
        figure('out_s', c.out, row => rate(row.out_s), false),
        figure('consumers', c.consumers, row => number(row.consumers), false),
        {id: 'policy', title: c.policy, narrow: false, cell: row => row.policy || ''},
        {id: 'state', title: c.state, cell: row => badges(row)},
        {id: 'depth', title: c.depth, narrow: false, class: 'spark', cell: (row, td) => {
            if (!row.spark || row.spark.every(value => value === null)) {
                setText(td, '');
                return;
            }
            if (!sparks.has(td)) {
                sparks.set(td, new Spark(T.depthOf(row.name)));
                fill(td, sparks.get(td).canvas);
            }
            sparks.get(td).show(row.spark);
        }},
    ];
}

class Queues {
    constructor(main, query) {
        this.look = {sort: query.get('sort') || 'name', order: query.get('order') || '', match: query.get('match') || '',
            show: CHOICES.includes(query.get('show')) ? query.get('show') : 'all', offset: Number(query.get('offset')) || 0,
            column: NUMBERS.includes(query.get('column')) ? query.get('column') : 'ready', least: query.get('least') || '',
            most: query.get('most') || ''};
        this.turn = 0;
        this.sparks = new Map();
        this.grid = new Grid(T.nav.queues, columns(this.sparks), row => row.name, id => this.sortBy(id));
        this.content = el('div', null, loading());
        this.pages = el('div');
        this.refresh = refresher(() => this.ask());
        this.changed = later(FILTER_MS, () => this.restart());
        fill(main, heading(T.nav.queues, null, this.refresh.controls), el('section', {class: 'panel', 'aria-label': T.nav.queues}, this.controls(), this.content));
        this.refresh.ticker.tick();
    }

    controls() {
        const input = el('input', {type: 'search', value: this.look.match, placeholder: T.filterNames,
            'aria-label': T.filterNames, title: T.filterHint, spellcheck: 'false', maxlength: 128, oninput: event => {
                this.look.match = event.target.value.trim();
                this.changed();
            }});
        const show = choice(CHOICES.map(key => [key, T.presets[key]]), this.look.show, value => {
            this.look.show = value;
            this.restart();
        });

        return el('div', {class: 'title'}, el('div', {class: 'search'}, input),
            el('label', {class: 'inline'}, T.show, show), this.numbers());
    }

    /* Only rows whose number of a column is within two bounds. */
    numbers() {
        const names = {...T.columns, oldest_s: T.oldestSeconds, in_s: T.columns.in, out_s: T.columns.out};
        const bound = (name, label) => el('input', {type: 'number', min: 0, step: 'any', class: 'bound', placeholder: label,
            'aria-label': label, value: this.look[name], oninput: event => {
                this.look[name] = event.target.value;
                this.changed();
            }});

        return el('div', {class: 'row', role: 'group', 'aria-label': T.filterNumbers},
            choice(NUMBERS.map(id => [id, names[id]]), this.look.column, value => {
                this.look.column = value;
                if (this.look.least !== '' || this.look.most !== '')
                    this.restart();
            }, {'aria-label': T.column}), bound('least', T.least), bound('most', T.most));
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
        const {sort, order, match, show, column, least, most} = this.look;
        const hasBounds = least !== '' || most !== '';

        this.look.offset = offset;
        note('queues', [], {sort: sort === 'name' ? '' : sort, order, match, show: show === 'all' ? '' : show,
            column: hasBounds ? column : '', least, most, offset: offset || ''});
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
        this.forgetSparks();
        fill(this.pages, pager(answer.offset, LIMIT, answer.queues.length, answer.total,
            offset => this.restart(offset), [` · ${this.sampleOf(answer)}`, answer.cut ? ` · ${T.cut}` : '']));
        this.refresh.updated();
    }

    sampleOf(answer) {
        if (answer.sampled_at !== null)
            return T.sampled(span(answer.age_s));
        return answer.on ? T.notSampled : T.noSampling;
    }

    nothing(answer) {
        return answer.count > 0 ? empty(T.noMatch, T.noMatchText)
            : empty(T.noQueues, T.noQueuesText, ' ', el('code', null, `curl -d value=hello ${new URL('q/orders', base)}`));
    }

    forgetSparks() {
        for (const [td, spark] of this.sparks)
            if (!td.isConnected) {
                spark.close();
                this.sparks.delete(td);
            }
    }

    close() {
        this.refresh.close();
        this.sparks.forEach(spark => spark.close());
    }
}

export function open(main, parts, query) {
    return new Queues(main, query);
}
