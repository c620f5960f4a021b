/* server.js - what the broker promises, its Redis, its helpers, and the settings in force.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get} from '../api.js';
import {el, fill, heading, pairs, panel} from '../dom.js';
import {bytes, moment, number, span} from '../format.js';
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
    const known = show => row => row.up ? show(row) : '';

    return [
        {id: 'address', title: c.address, class: 'name', cell: row => row.address},
        {id: 'up', title: c.up, cell: row => el('span', {class: `badge ${row.up ? 'good' : 'bad'}`}, row.up ? T.up : T.down)},
        {id: 'version', title: c.version, narrow: false, cell: known(row => row.version || T.nothing)},
        {id: 'role', title: c.role, cell: known(row => row.role || T.nothing)},
        {id: 'trip', title: c.trip, number: true, cell: (row, td) => { fill(td, row.up ? T.milliseconds(row.round_trip_ms) : ''); }},
        {id: 'memory', title: c.memory, cell: (row, td) => { fill(td, row.memory ? memoryOf(row.memory) : ''); }},
        {id: 'policy', title: c.policy, narrow: false, cell: known(row => row.eviction_policy || T.nothing)},
        {id: 'persistence', title: c.persistence, cell: (row, td) => { fill(td, row.up ? persistence(row) : ''); }},
        {id: 'replicas', title: c.replicas, narrow: false, cell: known(row => replicas(row.replicas || []))},
        {id: 'slots', title: c.slots, number: true, narrow: false, cell: row => number(row.slots)},
        {id: 'uptime', title: c.uptime, narrow: false, cell: (row, td) => { fill(td, row.up ? span(row.uptime_s) : ''); }},
    ];
}

function memoryOf({used, max}) {
    return T.memoryOf(bytes(used), max ? bytes(max) : '');
}

function persistence({aof, rdb}) {
    return [aof && aof.on ? el('div', null, aof.ok ? T.aofOn : T.aofFailed) : null,
        rdb && rdb.saved_at ? el('div', null, rdb.ok ? T.snapshotOf : T.snapshotFailed, ' ', moment(rdb.saved_at)) : null,
        !(aof && aof.on) && !(rdb && rdb.saved_at) ? T.nothing : null];
}

function replicas(rows) {
    return rows.length ? rows.map(row => el('div', null, T.replicaOf(row.address, row.state || T.nothing, span(row.lag_s)))) : '0';
}

/* How many of each kind, those that there are. */
function connections(counts) {
    const kinds = Object.entries(counts || {}).filter(([, count]) => count);

    return counts ? kinds.map(([kind, count]) => `${kind} ${number(count)}`).join(', ') || '0' : T.nothing;
}

function helperColumns() {
    const c = T.helperColumns;

    return [{id: 'id', title: c.id, class: 'mono break', cell: row => row.id},
        {id: 'version', title: c.version, cell: row => row.version || T.nothing},
        {id: 'since', title: c.since, narrow: false, cell: (row, td) => {
            if (!td.firstChild)
                td.append(row.since ? moment(row.since) : T.nothing);
        }},
        {id: 'connections', title: c.connections, cell: (row, td) => { fill(td, connections(row.connections)); }}];
}

class Server {
    constructor(main) {
        this.filter = '';
        this.settings = {};
        this.refresh = refresher(() => this.ask());
        this.redis = new Grid(T.redis, redisColumns(), row => row.address);
        this.helpers = new Grid(T.helpers, helperColumns(), row => row.id);
        this.table = new Grid(T.effective, [{id: 'name', title: T.settingColumns.name, class: 'name', cell: row => row.name},
            {id: 'value', title: T.settingColumns.value, class: 'break', cell: row => row.value || T.unset}], row => row.name);
        this.ready = el('div', {class: 'body stack'}, loading());
        this.versions = el('div', {class: 'body'});
        this.details = el('div', {class: 'stack'});
        this.effective = el('div', {class: 'body'}, loading());
        this.search = el('input', {type: 'search', hidden: true, placeholder: T.filterSettings, 'aria-label': T.filterSettings,
            oninput: event => {
                this.filter = event.target.value.toLowerCase();
                this.showSettings();
            }});
        fill(main, heading(T.serverTitle, null, this.refresh.controls), panel(T.ready, null, this.ready), this.details,
            panel(T.effective, el('div', {class: 'search'}, this.search), this.effective),
            panel(T.links, null, el('ul', {class: 'body'},
                [['../metrics', T.metrics], ['../help', T.routes], ['../openapi.json', T.openapi], ['../ready', '/ready'],
                    ['licences.txt', T.licences]].map(([href, text]) => el('li', null, el('a', {href}, text))))));
        this.refresh.ticker.tick();
    }

    async ask() {
        await Promise.all([this.askServer(), this.askSettings()]);
    }

    async askServer() {
        try {
            this.show(await get('server', '', null, this.refresh.signal));
            this.refresh.updated();
        } catch (failure) {
            if (failure.name !== 'AbortError' && !(failure.kind === 'away' && this.redis.place.isConnected)) {
                fill(this.ready, problem(failure));
                fill(this.details);
            }
        }
    }

    show(said) {
        const rows = Object.entries(T.promises).filter(([name]) => said[name]).map(([name, text]) => [text, said[name]]);

        fill(this.ready, said.ready ? el('p', {class: 'said'}, T.readyYes)
            : el('div', {class: 'problem'}, el('strong', null, T.readyNo, ' '), said.reason), rows.length ? pairs(rows) : null);
        this.redis.show(said.nodes);
        this.helpers.show(said.helpers || [], empty(said.helpers ? T.noHelpers : T.helpersUnknown));
        fill(this.versions, pairs([[T.program, `${said.program} ${said.version}`], [T.process, String(said.pid)],
            [T.redis, T.kinds[said.kind] || said.kind], [T.charts, Chart.version]]));
        if (!this.redis.place.isConnected)
            fill(this.details, panel(T.redis, null, this.redis.place), el('div', {class: 'columns'},
                panel(T.helpers, null, this.helpers.place), panel(T.versions, null, this.versions)));
    }

    async askSettings() {
        try {
            const may = (await rightsOf('', this.refresh.signal)).has('admin');
            this.search.hidden = !may;
            if (!may) {
                fill(this.effective, el('p', {class: 'muted'}, T.needsAdmin));
                return;
            }
            this.settings = (await get('settings', '', null, this.refresh.signal)).settings;
            this.showSettings();
        } catch (failure) {
            if (failure.name !== 'AbortError' && !(failure.kind === 'away' && this.table.place.isConnected))
                fill(this.effective, problem(failure));
        }
    }

    showSettings() {
        if (!this.table.place.isConnected)
            fill(this.effective, this.table.place);
        this.table.show(Object.entries(this.settings).map(([name, value]) => ({name, value: String(value)}))
            .filter(row => `${row.name} ${row.value}`.toLowerCase().includes(this.filter)), empty(T.noSetting));
    }

    close() {
        this.refresh.close();
    }
}

export function open(main) {
    return new Server(main);
}
