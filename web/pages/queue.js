/* queue.js - one queue: its numbers, charts, messages, settings, consumers, and what can be done with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {note, to} from '../address.js';
import {get} from '../api.js';
import {badges} from '../badges.js';
import {Consumers} from '../consumers.js';
import {button, el, fill, flash, heading, setText} from '../dom.js';
import {age, number} from '../format.js';
import {History} from '../history.js';
import {Messages} from '../messages.js';
import {loading, problem} from '../notice.js';
import {refresher} from '../refresher.js';
import {rightsOf} from '../rights.js';
import {Settings} from '../settings.js';
import {TestMessage} from '../test-message.js';
import {T} from '../texts.js';

const TABS = {
    messages: queue => new Messages(queue),
    settings: queue => new Settings(queue),
    test: queue => new TestMessage(queue),
    consumers: queue => new Consumers(queue),
};

/* Member of /stats, its text, and where it leads. */
function figures(name) {
    const f = T.figures;

    return [['len', f.ready], ['leased', f.leased], ['delayed', f.delayed],
        ['dead', f.dead, name.endsWith('.dead') ? null : to('dead', [name])],
        ['oldest_s', f.oldest], ['consumers', f.consumers], ['pushed', f.pushed], ['removed', f.removed], ['acked', f.acked],
        ['returned', f.returned], ['expired', f.expired], ['died', f.died], ['purged', f.purged]];
}

export function title(parts) {
    return T.queueOf(parts[0] || '');
}

class Queue {
    constructor(main, name, query) {
        this.name = name;
        this.main = main;
        this.may = null;
        this.stats = null;
        this.parts = null;
        this.figures = new Map();
        this.tab = query.get('tab') in TABS ? query.get('tab') : 'messages';
        this.refresh = refresher(() => this.ask());
        this.state = el('span', {class: 'row'});
        this.content = el('div', {class: 'stack'}, loading());
        fill(main, heading(name, [T.queues, to('queues')], [this.state, this.refresh.controls]), this.content);
        this.refresh.ticker.tick();
    }

    build() {
        this.history = new History(this.name, this.refresh);
        this.parts = new Map(Object.entries(TABS).map(([id, make]) => [id, make(this)]));
        this.buttons = new Map(Object.keys(TABS).map(id => [id, button(T.tabs[id], () => this.choose(id))]));
        this.shown = el('div', {class: 'stack'});
        fill(this.content, el('dl', {class: 'figures'}, figures(this.name).map(([id, text, link]) => {
            const value = link ? el('a', {href: link}) : el('span');
            this.figures.set(id, value);
            return el('div', {class: 'figure'}, el('dt', null, text), el('dd', null, value));
        })), this.history.place, el('div', {class: 'tabs', role: 'group', 'aria-label': T.queueOf(this.name)},
            [...this.buttons.values()]), this.shown);
        this.choose(this.tab);
    }

    choose(id) {
        this.tab = id;
        for (const [other, control] of this.buttons)
            control.setAttribute('aria-pressed', String(other === id));
        fill(this.shown, this.parts.get(id).place);
        note('queue', [this.name], {tab: id === 'messages' ? '' : id});
        this.parts.get(id).ask();
    }

    async ask() {
        try {
            const [stats, may] = await Promise.all([get('stats', this.name, null, this.refresh.signal),
                this.may || rightsOf(this.name, this.refresh.signal)]);
            this.may = may;
            this.stats = stats;
            if (!this.parts)
                this.build();
            this.show(stats);
            await Promise.all([this.history.ask(), this.parts.get(this.tab).ask()]);
            this.refresh.updated();
        } catch (failure) {
            if (failure.name === 'AbortError' || failure.kind === 'away' && this.parts)
                return;
            this.end();
            fill(this.content, problem(failure));
        }
    }

    show(stats) {
        for (const [id, place] of this.figures) {
            const before = place.textContent;
            const isAge = id === 'oldest_s'; /* which grows all the time */
            const text = isAge ? age(stats.oldest_s, stats.oldest_is) : number(stats[id]);
            if (setText(place, text) && before && !isAge)
                flash(place.parentNode);
        }
        fill(this.state, badges(stats));
    }

    /* What an action changed is asked for. */
    changed() {
        this.refresh.ticker.tick();
    }

    end() {
        if (this.parts)
            this.history.close();
        this.parts = null;
        this.may = null;
        this.figures.clear();
    }

    close() {
        this.refresh.close();
        this.end();
    }
}

export function open(main, parts, query) {
    return new Queue(main, parts[0] || '', query);
}
