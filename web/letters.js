/* letters.js - a table of dead letters, of which some are chosen to be redriven or deleted.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get, post} from './api.js';
import {confirm} from './dialog.js';
import {button, el, fill, later, panel} from './dom.js';
import {moment, number} from './format.js';
import {Grid} from './grid.js';
import {messageColumns} from './messages.js';
import {act, empty, loading, outcome, problem} from './notice.js';
import {rightsOf} from './rights.js';
import {T} from './texts.js';

const OF_ONE = 100, OF_EACH = 20; /* letters that are shown at a time */
const PREVIEW = 160;
const dead = queue => `${queue}.dead`;

export class Letters {
    /* ofAll: of several queues, which the table names. */
    constructor(refresh, ofAll) {
        this.refresh = refresh;
        this.ofAll = ofAll;
        this.match = '';
        this.cursors = [''];
        this.shown = new Map();  /* what the filter shows, by queue and key */
        this.chosen = new Set(); /* of these */
        this.may = new Map();
        this.all = el('input', {type: 'checkbox', 'aria-label': T.chooseAll, onchange: () => this.chooseAll()});
        this.grid = new Grid(T.deadTitle, this.columns(), row => row.id);
        this.redriving = button('', event => this.redrive(event.target), {class: 'primary', hidden: true});
        this.deleting = button('', event => this.remove(event.target), {class: 'danger', hidden: true});
        this.result = outcome();
        this.content = el('div', null, loading());
        this.pages = el('div', {class: 'pager'});
        this.note = el('p', {class: 'note', hidden: true}, T.mayNotRead);
        this.place = panel(T.deadTitle, [el('div', {class: 'search'}, this.filter()), this.redriving, this.deleting],
            el('div', {class: 'body'}, this.result.place, this.note), this.content);
        this.count();
    }

    /* Until its answer is there nothing can be chosen of what it no longer lets through. */
    filter() {
        const changed = later(250, () => this.refresh.ticker.tick());

        return el('input', {type: 'search', placeholder: T.filterDead, 'aria-label': T.filterDead, maxlength: 200,
            oninput: event => {
                this.match = event.target.value;
                this.restart(['']);
                changed();
            }});
    }

    columns() {
        const c = T.messageColumns;
        const shared = messageColumns(row => dead(row.queue));

        return [
            {id: 'choose', title: '', head: this.all, class: 'chosen', cell: (row, td) => this.chooser(row, td)},
            this.ofAll ? {id: 'queue', title: T.columns.name, class: 'break', cell: row => row.queue} : null,
            shared.key, shared.size,
            {id: 'deliveries', title: c.deliveries, number: true, narrow: false,
                cell: row => row.died ? number(row.died.deliveries) : T.nothing},
            {id: 'died', title: c.died, narrow: false, cell: (row, td) => {
                if (!td.firstChild && row.died)
                    td.append(moment(row.died.at));
            }},
            {id: 'reason', title: c.reason, class: 'preview', cell: row => row.died && row.died.reason || T.nothing},
            {...shared.body, narrow: false},
        ].filter(Boolean);
    }

    chooser(row, td) {
        if (!td.firstChild)
            td.append(el('input', {type: 'checkbox', 'aria-label': T.choose(row.key), onchange: event => {
                if (event.target.checked)
                    this.chosen.add(row.id);
                else
                    this.chosen.delete(row.id);
                this.count();
            }}));
        td.firstChild.checked = this.chosen.has(row.id);
    }

    chooseAll() {
        this.chosen = new Set(this.all.checked ? this.shown.keys() : []);
        for (const box of this.grid.body.querySelectorAll('input[type=checkbox]'))
            box.checked = this.all.checked;
        this.count();
    }

    /* The buttons say how many they will touch, and are there for who may touch those. */
    count() {
        const count = this.chosen.size;
        const queues = [...this.groups().keys()];
        const allowed = right => count > 0 && queues.every(queue => this.may.get(queue)?.has(right));

        this.redriving.textContent = T.redriveCount(count);
        this.redriving.hidden = !allowed('admin');
        this.deleting.textContent = T.deleteCount(count);
        this.deleting.hidden = !allowed('read');
        this.all.checked = count > 0 && count === this.shown.size;
        this.all.indeterminate = count > 0 && count < this.shown.size;
    }

    /* What is chosen, by queue. */
    groups() {
        const groups = new Map();

        for (const id of this.chosen) {
            const row = this.shown.get(id);
            groups.set(row.queue, [...groups.get(row.queue) || [], row.key]);
        }
        return groups;
    }

    async ask(queues) {
        const {match, cursors} = this;
        const query = {match, cursor: cursors[cursors.length - 1], limit: this.ofAll ? OF_EACH : OF_ONE, cut: PREVIEW};
        const pages = await Promise.all(queues.map(queue => this.askOne(queue, query)));

        if (match === this.match && cursors === this.cursors)
            this.show(pages.filter(Boolean));
    }

    /* What may not be seen of several queues is left out. */
    async askOne(queue, query) {
        try {
            if (!this.may.has(queue))
                this.may.set(queue, await rightsOf(dead(queue), this.refresh.signal));
            return {...await get('j', dead(queue), query, this.refresh.signal), queue};
        } catch (failure) {
            if (this.ofAll && (failure.kind === 'forbidden' || failure.kind === 'refused'))
                return null;
            throw failure;
        }
    }

    show(pages) {
        const rows = pages.flatMap(({queue, messages}) =>
            messages.map(message => ({...message, queue, id: `${queue}\n${message.key}`})));
        const next = this.ofAll ? null : pages[0].cursor;
        const isMore = pages.some(page => page.cursor);

        this.shown = new Map(rows.map(row => [row.id, row]));
        this.chosen = new Set([...this.chosen].filter(id => this.shown.has(id)));
        this.note.hidden = !pages.some(page => page.bodies === false);
        if (!this.grid.place.isConnected)
            fill(this.content, this.grid.place, this.pages);
        this.grid.show(rows, this.match || this.cursors.length > 1
            ? empty(T.noDeadMatch, isMore ? T.moreMayMatch : '') : empty(T.noDead, T.noDeadText));
        this.grid.place.inert = false;
        this.pages.hidden = !rows.length && !isMore && this.cursors.length === 1;
        fill(this.pages, el('span', null, this.ofAll && isMore ? T.firstOfEach(OF_EACH) : T.shownOnly),
            this.ofAll ? null : el('span', {class: 'row'},
                button(T.previous, () => this.go(this.cursors.slice(0, -1)), {disabled: this.cursors.length === 1}),
                button(T.next, () => this.go([...this.cursors, next]), {disabled: !next})));
        this.count();
    }

    go(cursors) {
        this.restart(cursors);
        this.refresh.ticker.tick();
    }

    /* Another choice of rows, which is not there yet. */
    restart(cursors) {
        this.cursors = cursors;
        this.chosen.clear();
        this.grid.place.inert = true;
        this.count();
    }

    fail(failure) {
        fill(this.content, el('div', {class: 'body'}, problem(failure)));
    }

    async redrive(source) {
        const groups = this.groups();

        if (await confirm(T.redriveQuestion, T.redriveText(this.chosen.size, [...groups.keys()].join(', ')),
            T.redriveCount(this.chosen.size)))
            await this.touch(source, groups, 'redrive', 'redriven', T.redriven);
    }

    async remove(source) {
        const groups = this.groups();

        if (await confirm(T.deleteQuestion, T.deleteText(this.chosen.size), T.deleteCount(this.chosen.size)))
            await this.touch(source, groups, 'deletes', 'deleted', T.deleted);
    }

    /* Sends the keys of each queue, with the cursor of the page they were seen on.  All is in the form: without its
     * body a request asks for nothing. */
    touch(source, groups, verb, done, said) {
        const cursor = this.cursors[this.cursors.length - 1] || undefined;

        return act(source, this.result, async () => {
            const failed = [];
            let count = 0;
            for (const [queue, keys] of groups)
                try {
                    for (const row of await post('q', dead(queue), {[verb]: 1, keys: keys.join(','), cursor}))
                        if (row[done])
                            count++;
                        else
                            failed.push(`${row.key}: ${row.error}`);
                } catch (failure) {
                    if (groups.size === 1)
                        throw failure;
                    failed.push(`${queue}: ${failure.message}`);
                }
            this.chosen.clear();
            this.refresh.ticker.tick();
            return said(count, failed.join('; '));
        });
    }
}
