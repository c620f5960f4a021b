/* pools.js - the servers of a pool by row, with their scores.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {to} from '../address.js';
import {el, fill, form, heading, panel} from '../dom.js';
import {empty} from '../notice.js';
import {Pool} from '../pool.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';

export function title(parts) {
    return parts[0] || T.poolsTitle;
}

class Pools {
    constructor(main, name) {
        this.name = name;
        this.refresh = refresher(() => this.ask());
        this.names = el('div', null, empty(T.poolsTitle, T.namePool));
        this.pool = name ? new Pool(name, this.refresh) : null;
        fill(main, heading(name || T.poolsTitle, name ? [T.poolsTitle, to('pools')] : null, this.refresh.controls),
        this.chooser(), this.pool ? this.pool.place : panel(T.poolsTitle, null, this.names));
        this.refresh.ticker.tick();
    }

    chooser() {
        const input = el('input', {value: this.name, placeholder: T.pool, 'aria-label': T.pool, spellcheck: 'false',
            maxlength: 250, required: true});

        return el('section', {class: 'panel', 'aria-label': T.pool}, el('div', {class: 'body'}, form(() => {
            if (input.value.trim())
                location.hash = to('pools', [input.value.trim()]);
        }, el('div', {class: 'row'}, el('div', {class: 'grow'}, input), el('button', {type: 'submit'}, T.open)))));
    }

    async ask() {
        if (this.pool)
            await this.pool.ask();
    }

    close() {
        this.refresh.close();
    }
}

export function open(main, parts) {
    return new Pools(main, parts[0] || '');
}
