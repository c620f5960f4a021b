/* channels.js - topics with who is there, and a channel: listen to it, publish on it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {to} from '../address.js';
import {getPage} from '../api.js';
import {Channel} from '../channel.js';
import {button, el, fill, form, heading, panel} from '../dom.js';
import {number} from '../format.js';
import {Grid} from '../grid.js';
import {empty, loading, problem} from '../notice.js';
import {refresher} from '../refresher.js';
import {T} from '../texts.js';
import {whoColumns} from '../who.js';

const LIMIT = 100;

export function title(parts) {
    return parts[0] || T.channelsTitle;
}

function topicColumns() {
    return [
        {id: 'topic', title: T.topic, class: 'name', cell: (row, td) => {
            if (!td.firstChild)
                td.append(el('a', {href: to('channels', [row.name])}, row.name));
        }},
        {id: 'count', title: T.count, number: true, cell: row => number(row.count)},
    ];
}

class Channels {
    constructor(main, name) {
        this.name = name;
        this.refresh = refresher(() => this.ask());
        this.cursor = '';
        this.topics = new Grid(T.present, topicColumns(), row => row.name);
        this.who = new Grid(T.present, whoColumns(), row => row.id);
        this.topicPlace = el('div', null, loading());
        this.whoPlace = el('div', null, loading());
        this.channel = name ? new Channel(name, this.refresh.signal) : null;
        fill(main, heading(name || T.channelsTitle, name ? [T.channelsTitle, to('channels')] : null, this.refresh.controls),
        el('div', {class: 'columns'},
            el('div', {class: 'stack'}, this.chooser(), name ? panel(T.present, null, this.whoPlace) : null,
                panel(name ? T.topics : T.present, null, this.topicPlace)),
            this.channel ? this.channel.place : null));
        this.refresh.ticker.tick();
    }

    chooser() {
        const input = el('input', {value: this.name, placeholder: T.channel, 'aria-label': T.channel, spellcheck: 'false',
            maxlength: 250, required: true});

        return el('section', {class: 'panel', 'aria-label': T.channel}, el('div', {class: 'body'}, form(() => {
            if (input.value.trim())
                location.hash = to('channels', [input.value.trim()]);
        }, el('div', {class: 'row'}, el('div', {class: 'grow'}, input),
            el('button', {type: 'submit'}, T.open)))));
    }

    async ask() {
        await Promise.all([this.askTopics(), this.name ? this.askWho() : null]);
    }

    async askTopics() {
        try {
            const {data, next} = await getPage('presence', '', {limit: LIMIT, cursor: this.cursor}, this.refresh.signal);
            const rows = Object.entries(data.topics).map(([name, count]) => ({name, count}))
                .sort((a, b) => a.name < b.name ? -1 : 1);
            this.topics.show(rows, empty(T.noTopics, T.noTopicsText));
            fill(this.topicPlace, this.topics.place, next || this.cursor ? el('div', {class: 'pager'}, el('span'),
                el('span', {class: 'row'}, button(T.firstPage, () => this.go(''), {disabled: !this.cursor}),
                    button(T.next, () => this.go(next), {disabled: !next}))) : null);
            this.refresh.updated();
        } catch (failure) {
            this.fail(this.topicPlace, failure);
        }
    }

    go(cursor) {
        this.cursor = cursor;
        this.refresh.ticker.tick();
    }

    async askWho() {
        try {
            const {data} = await getPage('presence', this.name, {limit: LIMIT}, this.refresh.signal);
            this.who.show(data.sort((a, b) => a.since - b.since), empty(T.nobodyHere));
            if (!this.who.place.isConnected)
                fill(this.whoPlace, this.who.place);
        } catch (failure) {
            this.fail(this.whoPlace, failure);
        }
    }

    fail(place, failure) {
        if (failure.name !== 'AbortError' && !(failure.kind === 'away' && place.querySelector('table')))
            fill(place, el('div', {class: 'body'}, problem(failure)));
    }

    close() {
        if (this.channel)
            this.channel.close();
        this.refresh.close();
    }
}

export function open(main, parts) {
    return new Channels(main, parts[0] || '');
}
