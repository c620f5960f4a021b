/* server.js - what the broker promises, its Redis, its helpers, and the settings in force.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get} from '../api.js';
import {el, fill, heading, pairs, panel} from '../dom.js';
import {bytes, number, span} from '../format.js';
import {Grid} from '../grid.js';
import {empty, loading, problem} from '../notice.js';
import {refresher} from '../refresher.js';
import {rightsOf} from '../rights.js';
import {T} from '../texts.js';

export function title() {
    return T.serverTitle;
}

function redisColumns() {
    const c = T.redisColumns;

    return [
        {id: 'address', title: c.address, class: 'name', cell: row => row.address},
        {id: 'version', title: c.version, cell: row => row.version},
        {id: 'role', title: c.role, cell: row => row.role},
        {id: 'trip', title: c.trip, cell: (row, td) => { fill(td, T.microseconds(row.round_trip_us)); }},
        {id: 'memory', title: c.memory, cell: row => T.memoryOf(bytes(row.used_memory), row.maxmemory ? bytes(row.maxmemory) : '')},
        {id: 'policy', title: c.policy, cell: row => row.policy},
        {id: 'persistence', title: c.persistence, cell: row => row.aof ? T.aofOn : T.aofOff},
        {id: 'replicas', title: c.replicas, number: true, cell: row => number(row.replicas)},
        {id: 'uptime', title: c.uptime, cell: (row, td) => { fill(td, span(row.uptime_s)); }},
    ];
}

class Server {
    constructor(main) {
        this.now = 0;
        this.filter = '';
        this.settings = {};
        this.refresh = refresher(() => this.ask());
        this.redis = new Grid(T.redis, redisColumns(), row => row.address);
        this.helpers = new Grid(T.helpers, this.helperColumns(), row => row.id);
        this.table = new Grid(T.effective, [{id: 'name', title: T.settingColumns.name, class: 'name', cell: row => row.name},
            {id: 'value', title: T.settingColumns.value, class: 'break', cell: row => row.value || T.unset}], row => row.name);
        this.ready = el('div', {class: 'body'}, loading());
        this.versions = el('div', {class: 'body'});
        this.details = el('div', {class: 'stack'}, loading());
        fill(main, heading(T.serverTitle, null, this.refresh.controls), panel(T.ready, null, this.ready), this.details,
            panel(T.links, null, el('ul', {class: 'body'},
                [['../metrics', T.metrics], ['../help', T.routes], ['../ready', '/ready'], ['licences.txt', T.licences]]
                    .map(([href, text]) => el('li', null, el('a', {href}, text))))));
        this.refresh.ticker.tick();
    }

    helperColumns() {
        const c = T.helperColumns;

        return [{id: 'id', title: c.id, class: 'mono break', cell: row => row.id},
            {id: 'beat', title: c.beat, cell: (row, td) => { fill(td, T.ago(span((this.now - row.last_beat_ms) / 1000))); }},
            {id: 'connections', title: c.connections, number: true, cell: row => number(row.connections)}];
    }

    async ask() {
        await Promise.all([this.askReady(), this.askDetails()]);
    }

    async askReady() {
        try {
            const said = await get('ready', '', null, this.refresh.signal);
            fill(this.ready, el('p', {class: 'said'}, T.readyYes), el('br'), pairs(Object.entries(T.promises)
                .filter(([name]) => said[name]).map(([name, text]) => [text, said[name]])));
            this.refresh.updated();
        } catch (failure) {
            if (failure.name !== 'AbortError')
                fill(this.ready, el('div', {class: 'problem'}, el('strong', null, T.readyNo, ' '), failure.message));
        }
    }

    async askDetails() {
        try {
            if (!(await rightsOf('', this.refresh.signal)).has('admin')) {
                fill(this.details, el('p', {class: 'muted'}, T.needsAdmin));
                return;
            }
            this.show(await get('server', '', null, this.refresh.signal));
        } catch (failure) {
            if (failure.name !== 'AbortError' && !(failure.kind === 'away' && this.redis.place.isConnected))
                fill(this.details, problem(failure));
        }
    }

    show(said) {
        this.now = said.now;
        this.settings = said.settings;
        this.redis.show(said.redis);
        this.helpers.show(said.helpers, empty(T.noHelpers));
        fill(this.versions, pairs([[T.broker, said.version], [T.charts, Chart.version]]));
        this.showSettings();
        if (!this.redis.place.isConnected)
            fill(this.details, panel(T.redis, null, this.redis.place), el('div', {class: 'columns'},
                panel(T.helpers, null, this.helpers.place), panel(T.versions, null, this.versions)),
            panel(T.effective, el('div', {class: 'search'}, el('input', {type: 'search', placeholder: T.filterSettings,
                'aria-label': T.filterSettings, oninput: event => {
                    this.filter = event.target.value.toLowerCase();
                    this.showSettings();
                }})), this.table.place));
    }

    showSettings() {
        this.table.show(Object.entries(this.settings).map(([name, value]) => ({name, value: String(value)}))
            .filter(row => `${row.name} ${row.value}`.toLowerCase().includes(this.filter)), empty(T.noMatch));
    }

    close() {
        this.refresh.close();
    }
}

export function open(main) {
    return new Server(main);
}
