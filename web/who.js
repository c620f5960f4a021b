/* who.js - the columns of a table of those who are present.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {moment} from './format.js';
import {T} from './texts.js';

export function whoColumns() {
    const c = T.whoColumns;

    return [
        {id: 'name', title: c.name, class: 'break', cell: row => row.name || T.unnamed},
        {id: 'via', title: c.via, cell: row => row.via},
        {id: 'since', title: c.since, cell: (row, td) => { if (!td.firstChild) td.append(moment(row.since)); }},
        {id: 'id', title: c.id, class: 'mono', narrow: false, cell: row => row.id.slice(0, 12)},
    ];
}
