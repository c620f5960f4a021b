/* grid.js - a table whose rows stay where they are while their cells change.
 *
 * A column is {id, title, cell, number, sort, narrow, class, head}.  cell(row, td) returns a text or a node, or fills the
 * cell itself and returns undefined; number: to the right; sort: the header is a button; narrow: false leaves it out
 * on narrow screens.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {add, button, el, fill, flash, setText} from './dom.js';
import {number} from './format.js';
import {T} from './texts.js';

export class Grid {
    /* label: of the table; keyOf(row): what a row is known by; onsort(id): a header was clicked. */
    constructor(label, columns, keyOf, onsort) {
        this.columns = columns;
        this.keyOf = keyOf;
        this.rows = new Map();
        this.heads = new Map();
        this.body = el('tbody');
        this.table = el('table', null, el('caption', {class: 'visually-hidden'}, label),
            el('thead', null, el('tr', null, columns.map(column => this.header(column, onsort)))), this.body);
        this.rest = el('div');
        this.place = el('div', null, el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label},
            this.table), this.rest);
    }

    header(column, onsort) {
        const head = el('th', {scope: 'col', class: this.classOf(column)},
            column.sort ? button(column.title, () => onsort(column.id), {title: column.hint})
                : column.head || column.title);

        this.heads.set(column.id, head);
        return head;
    }

    classOf(column) {
        return [column.number && 'number', column.narrow === false && 'narrow-off', column.class]
            .filter(Boolean).join(' ') || null;
    }

    showSort(id, order) {
        for (const [column, head] of this.heads)
            if (column === id)
                head.setAttribute('aria-sort', order === 'asc' ? 'ascending' : 'descending');
            else
                head.removeAttribute('aria-sort');
    }

    /* The rows in their order; nothing: what stands there instead. */
    show(rows, nothing) {
        const wanted = new Set(rows.map(this.keyOf));

        for (const [key, line] of this.rows)
            if (!wanted.has(key)) {
                line.element.remove();
                this.rows.delete(key);
            }
        rows.forEach((row, at) => {
            const line = this.lineOf(row);
            if (this.body.children[at] !== line.element)
                this.body.insertBefore(line.element, this.body.children[at] || null);
        });
        fill(this.rest, rows.length ? null : nothing);
    }

    lineOf(row) {
        const key = this.keyOf(row);
        const known = this.rows.get(key);
        const line = known || {cells: this.columns.map(column => el('td', {class: this.classOf(column)}))};

        if (!known) {
            line.element = add(el('tr'), line.cells);
            this.rows.set(key, line);
        }
        this.columns.forEach((column, at) => this.showCell(column, line.cells[at], row, known));
        return line;
    }

    showCell(column, cell, row, wasThere) {
        const value = column.cell(row, cell);

        if (value === undefined)
            return;
        if (value instanceof Node || Array.isArray(value)) {
            fill(cell, value);
            return;
        }
        if (setText(cell, value) && wasThere && column.number)
            flash(cell);
        cell.classList.toggle('zero', value === '0' || value === T.nothing);
    }
}

/* Where one is among so many, and the way to the other pages.  go(offset) shows one. */
export function pager(offset, limit, shown, total, go, more) {
    const last = offset + shown;

    return el('div', {class: 'pager'},
        el('span', null, total ? T.rowsOf(number(offset + 1), number(last), number(total)) : T.noRows, more),
        el('span', {class: 'row'},
            button(T.previous, () => go(Math.max(0, offset - limit)), {disabled: offset === 0}),
            button(T.next, () => go(offset + limit), {disabled: last >= total})));
}
