/* queue-list.js - the queues that a filter lets through, in an order, a page of them: GET /queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get} from './api.js';

/* What a choice of "show" means in its options. */
const PRESETS = {
    all: {},
    waiting: {min: 'ready:1'},
    dead: {min: 'dead:1'},
    idle: {max: 'consumers:0'},
    held: {is: 'held'},
    full: {is: 'full'},
    stopped: {is: 'stopped'},
};

/* Columns whose numbers can be filtered by, beside a choice. */
export const NUMBERS = ['ready', 'leased', 'delayed', 'dead', 'oldest_s', 'in_s', 'out_s', 'consumers'];

export const CHOICES = Object.keys(PRESETS);

/* Of a choice and a filter by numbers, both or one. */
function bounds(show, {column, least, most}) {
    const preset = PRESETS[show];
    const join = (known, value) => [known, value !== '' && column ? `${column}:${value}` : ''].filter(Boolean).join(',');

    return {...preset, min: join(preset.min, least), max: join(preset.max, most)};
}

/* look: sort, order, match, show, offset, and column, least and most, texts. */
export function listQueues({sort, order, match, show, offset, column = '', least = '', most = ''}, limit, signal) {
    return get('queues', '', {sort, order, match, ...bounds(show, {column, least, most}), offset: offset || '', limit},
        signal);
}
