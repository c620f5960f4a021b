/* notice.js - what a page says instead of data: it loads, there is nothing, it failed; and what an action led to.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {theKey} from './api.js';
import {button, el, fill} from './dom.js';
import {T} from './texts.js';

export function loading() {
    return el('div', {class: 'loading', role: 'status'}, el('span', {class: 'visually-hidden'}, T.loading));
}

export function empty(title, ...text) {
    return el('div', {class: 'empty'}, el('h3', null, title), el('p', null, text));
}

export function problem(failure) {
    const kinds = {password: T.passwordWanted, key: theKey() ? T.keyIsWrong : T.keyWanted, forbidden: T.forbidden,
        redis: T.redisIsDown, away: T.brokerIsAway};
    const title = kinds[failure.kind];

    return el('div', {class: 'problem', role: 'alert'}, title ? el('strong', null, title, ' ') : null,
        failure.message || String(failure),
        failure.kind === 'key' ? [' ', button(T.enterKey, () => document.dispatchEvent(new Event('enter-key')))] : null);
}

/* A place in which an action says what it led to. */
export function outcome() {
    const place = el('div', {class: 'outcome', role: 'status'});

    return {
        place,
        say: text => fill(place, el('p', {class: 'said'}, text)),
        fail: failure => fill(place, problem(failure)),
        clear: () => fill(place),
    };
}

/* Runs an action of a button; what it returns is said, what it throws too.  Nobody clicks twice meanwhile. */
export async function act(source, result, action) {
    if (source)
        source.disabled = true;
    try {
        const text = await action();
        if (text)
            result.say(text);
    } catch (failure) {
        if (failure.name !== 'AbortError')
            result.fail(failure);
    } finally {
        if (source)
            source.disabled = false;
    }
}
