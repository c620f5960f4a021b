/* messages.js - the messages of a queue in every state, page by page, without changing them; and the purge.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {to} from './address.js';
import {getPage, remove} from './api.js';
import {confirmByName} from './dialog.js';
import {button, choice, el, fill, later, panel, setText} from './dom.js';
import {age, bytes, moment, number} from './format.js';
import {Grid} from './grid.js';
import {act, empty, loading, outcome, problem} from './notice.js';
import {T} from './texts.js';

const LIMIT = 25;
const PREVIEW = 160; /* bytes of a body in the table */

/* The columns that every list of messages has. */
export function messageColumns(queueOf) {
    const c = T.messageColumns;

    return {
        key: {id: 'key', title: c.key, class: 'name', cell: (row, td) => {
            if (!td.firstChild)
                td.append(el('a', {href: to('message', [queueOf(row), row.key])}, row.key));
        }},
        size: {id: 'size', title: c.size, number: true, narrow: false, cell: (row, td) => { setText(td, bytes(row.size)); }},
        age: {id: 'age', title: c.age, number: true, narrow: false, cell: (row, td) => { setText(td, age(row.age_s, row.age_is)); }},
        body: {id: 'body', title: c.body, class: 'preview', cell: row => preview(row)},
    };
}

function preview(row) {
    if (row.value === undefined)
        return T.nothing;
    return row.encoding ? `[${T.binary}] ${row.value}` : row.value.slice(0, PREVIEW);
}

/* Answers of GET /j: what stood behind a cursor of /j is at its own. */
export class Messages {
    constructor(queue) {
        const c = T.messageColumns;
        const columns = messageColumns(() => queue.name);

        this.queue = queue;
        this.look = {state: '', match: ''};
        this.cursors = [''];
        this.grid = new Grid(T.messages, [columns.key,
            {id: 'state', title: c.state, cell: row => el('span', {class: 'badge'}, T.messageStates[row.state] || row.state)},
            columns.size, columns.age,
            {id: 'deliveries', title: c.deliveries, number: true, narrow: false, cell: row => number(row.deliveries)},
            {id: 'when', title: c.when, narrow: false, cell: row => this.when(row)}, columns.body], row => row.key);
        this.result = outcome();
        this.content = el('div', null, loading());
        this.pages = el('div', {class: 'pager'});
        this.note = el('p', {class: 'note', hidden: true}, T.mayNotRead);
        this.changed = later(250, () => this.restart());
        this.purging = button(T.purge, event => this.purge(event.target), {class: 'danger', hidden: true});
        this.place = panel(T.messages, this.controls(), el('div', {class: 'body'}, this.result.place, this.note), this.content);
    }

    controls() {
        const states = choice(Object.entries(T.messageStates), '', value => {
            this.look.state = value;
            this.restart();
        });
        const match = el('input', {type: 'search', placeholder: T.filterMessages, 'aria-label': T.filterMessages,
            maxlength: 200, oninput: event => {
                this.look.match = event.target.value;
                this.changed();
            }});

        return [el('div', {class: 'search'}, match), el('label', {class: 'inline'}, T.state, states), this.purging];
    }

    when(row) {
        if (row.lease_until)
            return [`${T.leaseUntil} `, moment(row.lease_until, true)];
        return row.due ? [`${T.dueAt} `, moment(row.due)] : '';
    }

    restart(cursors = ['']) {
        this.cursors = cursors;
        this.ask();
    }

    async ask() {
        const {state, match} = this.look;
        const cursor = this.cursors[this.cursors.length - 1];
        const turn = this.turn = {};

        this.purging.hidden = !this.queue.may.has('purge');
        try {
            const {data} = await getPage('j', this.queue.name, {state, match, cursor, limit: LIMIT, cut: PREVIEW},
                this.queue.refresh.signal);
            if (turn === this.turn)
                this.show(data);
        } catch (failure) {
            if (failure.name !== 'AbortError' && !(failure.kind === 'away' && this.grid.place.isConnected))
                fill(this.content, el('div', {class: 'body'}, problem(failure)));
        }
    }

    show(data) {
        const isFiltered = this.look.match || this.look.state || this.cursors.length > 1;

        if (!this.grid.place.isConnected)
            fill(this.content, this.grid.place, this.pages);
        this.grid.show(data.messages, isFiltered ? empty(T.noMessagesMatch) : empty(T.noMessages, T.noMessagesText));
        this.note.hidden = data.bodies !== false;
        fill(this.pages, el('span', null, ''), el('span', {class: 'row'},
            button(T.previous, () => this.restart(this.cursors.slice(0, -1)), {disabled: this.cursors.length === 1}),
            button(T.next, () => this.restart([...this.cursors, data.cursor]), {disabled: !data.cursor})));
    }

    async purge(source) {
        const {name, stats} = this.queue;
        const count = stats.len + stats.leased + stats.delayed;

        if (!await confirmByName(T.purgeOf(name), T.purgeText(number(count)), name, T.purgeAction(count)))
            return;
        await act(source, this.result, async () => {
            const said = await remove('q', name);
            this.queue.changed();
            return T.purgedCount(said.purged);
        });
    }
}
