/* badges.js - what keeps a queue from taking part as others do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {el} from './dom.js';
import {T} from './texts.js';

/* Of a row of /queues, or of /stats. */
export function badges(row) {
    return [
        row.error ? el('span', {class: 'badge bad', title: row.error}, T.damaged) : null,
        row.status === 0 ? el('span', {class: 'badge warn'}, T.stopped) : null,
        (row.held || []).map(what => el('span', {class: 'badge warn'}, T.held(what))),
        row.full ? el('span', {class: 'badge bad'}, T.full) : null,
    ].flat().filter(Boolean);
}
