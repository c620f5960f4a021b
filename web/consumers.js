/* consumers.js - who streams a queue, and is present at the topic of its name.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {getPage} from './api.js';
import {el, fill, panel} from './dom.js';
import {Grid} from './grid.js';
import {empty, loading, problem} from './notice.js';
import {T} from './texts.js';
import {whoColumns} from './who.js';

export class Consumers {
    constructor(queue) {
        this.queue = queue;
        this.grid = new Grid(T.present, whoColumns(), row => row.id);
        this.content = el('div', null, loading());
        this.place = panel(T.present, null, this.content);
    }

    async ask() {
        try {
            const {data} = await getPage('presence', this.queue.name, {limit: 200}, this.queue.refresh.signal);
            this.grid.show(data.sort((a, b) => a.since - b.since), empty(T.nobodyHere, T.noTopicsText));
            if (!this.grid.place.isConnected)
                fill(this.content, this.grid.place);
        } catch (failure) {
            if (failure.name !== 'AbortError')
                fill(this.content, el('div', {class: 'body'}, problem(failure)));
        }
    }
}
