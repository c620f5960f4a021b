/* queue-list.js - the queues that a filter lets through, in an order, a page of them.
 *
 * The numbers of the first 1000 queues whose names match are read, and sorted here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {getPage} from './api.js';

const READ = 1000;
const NAME = 200; /* bytes, and of a pattern as well */

/* Which rows a choice of "show" leaves. */
const LEAVES = {
    all: () => true,
    waiting: row => row.ready > 0,
    dead: row => row.dead > 0,
    idle: row => row.consumers === 0,
    held: row => Boolean(row.held),
    stopped: row => row.status === 0,
};

export const CHOICES = Object.keys(LEAVES);

function compare(sort, order) {
    const sign = order === 'asc' ? 1 : -1;
    const byName = (a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

    if (sort === 'name')
        return (a, b) => sign * byName(a, b);
    return (a, b) => sign * ((a[sort] ?? -1) - (b[sort] ?? -1)) || byName(a, b);
}

/* look: sort, order, match, show and offset.  The answer has a page of rows, how many there are with the filter and
 * without it, and whether there are more than were read. */
export async function listQueues({sort, order, match, show, offset}, limit, signal) {
    const isPiece = match && match.length + 2 <= NAME && !/[*?]/.test(match);
    const pattern = isPiece ? `*${match}*` : match;
    const {data, next} = await getPage('stats', '', {limit: READ, match: pattern}, signal);
    const rows = Object.values(data.queues).map(row => ({...row, ready: row.len}))
        .filter(row => row.error || LEAVES[show](row)).sort(compare(sort, order));

    return {queues: rows.slice(offset, offset + limit), total: rows.length, count: data.count, isCut: Boolean(next)};
}
