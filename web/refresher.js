/* refresher.js - how often a page asks: the control, when it last had an answer, and the signal that ends its
 * requests with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {button, choice, el, fill} from './dom.js';
import {moment} from './format.js';
import {T} from './texts.js';
import {period, PERIODS, Ticker} from './ticker.js';

export function refresher(ask) {
    const ticker = new Ticker(ask);
    const ending = new AbortController();
    const when = el('span', {class: 'note'});
    const select = choice(PERIODS.map(seconds => [seconds, T.periods[seconds]]), period(),
        seconds => ticker.setPeriod(seconds));

    return {
        ticker,
        signal: ending.signal,
        controls: el('div', {class: 'row'}, when, el('label', {class: 'inline'}, T.refresh, select),
            button('↻', () => ticker.tick(), {'aria-label': T.refreshNow, title: T.refreshNow})),
        updated: () => fill(when, T.updated, ' ', moment(Date.now(), true)),
        close: () => {
            ticker.close();
            ending.abort();
        },
    };
}
