/* dead.js - dead letters: of one queue, or of all that have some.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {to} from '../address.js';
import {el, fill, heading, panel} from '../dom.js';
import {number} from '../format.js';
import {Grid, pager} from '../grid.js';
import {Letters} from '../letters.js';
import {empty, loading, problem} from '../notice.js';
import {listQueues} from '../queue-list.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';

const QUEUES = 10; /* whose dead letters are looked at together */

export function title(parts) {
    return parts[0] ? `${T.deadTitle}: ${parts[0]}` : T.deadTitle;
}

function queueColumns() {
    return [
        {id: 'name', title: T.columns.name, class: 'name', cell: (row, td) => {
            if (!td.firstChild)
                td.append(el('a', {href: to('dead', [row.name])}, row.name));
        }},
        {id: 'dead', title: T.deadTitle, number: true, cell: row => number(row.dead)},
    ];
}

class Dead {
    constructor(main, name) {
        this.name = name;
        this.offset = 0;
        this.refresh = refresher(() => this.ask());
        this.letters = new Letters(this.refresh, !name);
        this.queues = new Grid(T.allDead, queueColumns(), row => row.name);
        this.pages = el('div');
        this.list = el('div', null, loading());
        fill(main, heading(name || T.deadTitle, name ? [T.deadTitle, to('dead')] : null, this.refresh.controls),
            name ? null : panel(T.allDead, null, this.list), this.letters.place);
        this.refresh.ticker.tick();
    }

    async ask() {
        try {
            await this.letters.ask(this.name ? [this.name] : await this.askQueues());
            this.refresh.updated();
        } catch (failure) {
            if (failure.name !== 'AbortError' && failure.kind !== 'away')
                this.letters.fail(failure);
        }
    }

    async askQueues() {
        const answer = await listQueues({sort: 'dead', order: 'desc', show: 'dead', offset: this.offset}, QUEUES,
            this.refresh.signal);
        const rows = answer.queues.filter(row => row.dead);

        this.queues.show(rows, empty(T.noDead, T.noDeadText));
        fill(this.pages, answer.total > QUEUES ? pager(this.offset, QUEUES, rows.length, answer.total, offset => {
            this.offset = offset;
            this.refresh.ticker.tick();
        }) : null);
        if (!this.queues.place.isConnected)
            fill(this.list, this.queues.place, this.pages);
        return rows.map(row => row.name);
    }

    close() {
        this.refresh.close();
    }
}

export function open(main, parts) {
    return new Dead(main, parts[0] || '');
}
