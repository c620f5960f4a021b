/* charts.js - lines over time, and small ones in tables, drawn by Chart.js.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {button, el, setText} from './dom.js';
import {clockTime, moment, number, rate} from './format.js';

const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3]];

export function isDark() {
    const chosen = document.documentElement.dataset.theme;

    return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* Round times of the reader's zone. */
function timeTicks(axis, isLong) {
    const zone = new Date(axis.max).getTimezoneOffset() * 60000;
    const step = isLong ? 4 * 3600000 : 600000;

    axis.ticks = [];
    for (let time = Math.ceil((axis.min - zone) / step) * step + zone; time <= axis.max; time += step)
        axis.ticks.push({value: time});
}

function scales(isLong, format) {
    const line = {color: colour('--line'), drawBorder: false};

    return {
        x: {type: 'linear', grid: {...line, display: false}, afterBuildTicks: axis => timeTicks(axis, isLong),
            ticks: {color: colour('--muted'), maxRotation: 0, callback: value => clockTime(value).slice(0, 5)}},
        y: {min: 0, beginAtZero: true, suggestedMax: 1, grid: line, ticks: {color: colour('--muted'), maxTicksLimit: 5,
            callback: value => format(value)}},
    };
}

/* Whether a value stands between two that are not known, so that no line shows it. */
function isAlone({dataset, dataIndex: at}) {
    const isKnown = point => point !== undefined && !Number.isNaN(point.y);

    return isKnown(dataset.data[at]) && !isKnown(dataset.data[at - 1]) && !isKnown(dataset.data[at + 1]);
}

/* A chart of several lines.  series: [name of the member, text] pairs; label: what it shows.  The legend below it has
 * the last values, and a button for each line that hides it. */
export class TimeChart {
    constructor(label, series, isRate) {
        this.series = series;
        this.format = isRate ? rate : number;
        this.label = label;
        this.canvas = el('canvas', {role: 'img', 'aria-label': label});
        this.values = series.map(() => el('b'));
        this.buttons = series.map(([, text], at) => button([text, ' ', this.values[at]], () => this.toggle(at),
            {class: `line hue-${at}`, 'aria-pressed': 'true'}));
        this.place = el('div', null, el('div', {class: 'chart'}, this.canvas),
            el('div', {class: 'legend', role: 'group', 'aria-label': label}, this.buttons));
        this.drawn = null;
    }

    toggle(at) {
        const isShown = this.buttons[at].getAttribute('aria-pressed') !== 'true';

        this.buttons[at].setAttribute('aria-pressed', String(isShown));
        if (this.drawn) {
            this.drawn.setDatasetVisibility(at, isShown);
            this.drawn.update('none');
        }
    }

    begin(isLong) {
        Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
        Chart.defaults.font.size = 11;
        this.isLong = isLong;
        this.drawn = new Chart(this.canvas, {
            type: 'line',
            data: {datasets: this.series.map(([, text], at) => this.dataset(text, at))},
            options: {
                animation: false, responsive: true, maintainAspectRatio: false, normalized: true, parsing: false,
                interaction: {mode: 'index', intersect: false},
                elements: {point: {radius: context => isAlone(context) ? 2 : 0, hitRadius: 8},
                    line: {borderWidth: 1.75, tension: 0}},
                scales: scales(isLong, this.format),
                plugins: {
                    legend: {display: false},
                    tooltip: {callbacks: {
                        title: items => items.length ? moment(items[0].parsed.x).textContent : '',
                        label: item => `${item.dataset.label}: ${this.format(item.parsed.y)}`,
                    }},
                },
            },
        });
        this.buttons.forEach((control, at) =>
            this.drawn.setDatasetVisibility(at, control.getAttribute('aria-pressed') === 'true'));
    }

    dataset(text, at) {
        const hue = colour(`--hue-${at}`);

        return {label: text, data: [], borderColor: hue, backgroundColor: hue, borderDash: DASHES[at],
            spanGaps: false};
    }

    /* An answer of /history, in the colours of the page; these change only with a page that is opened anew. */
    show(history) {
        const isLong = history.step_s > 60;
        const time = at => history.from + at * history.step_s * 1000;

        if (this.drawn && this.isLong !== isLong)
            this.close();
        if (!this.drawn)
            this.begin(isLong);
        this.series.forEach(([member], line) => {
            const values = history[member] || [];
            this.drawn.data.datasets[line].data = values.map((value, at) => ({x: time(at), y: value === null ? NaN : value}));
            setText(this.values[line], this.format(lastOf(values)));
        });
        Object.assign(this.drawn.options.scales.x, {min: history.from,
            max: time(Math.max(1, (history[this.series[0][0]] || []).length - 1))});
        this.drawn.update('none');
        this.canvas.setAttribute('aria-label', `${this.label}. ${this.series.map(([member, text]) =>
            `${text}: ${this.format(lastOf(history[member]))}`).join(', ')}.`);
    }

    close() {
        if (this.drawn)
            this.drawn.destroy();
        this.drawn = null;
    }
}

function lastOf(values) {
    return (values || []).reduce((last, value) => value === null ? last : value, null);
}

/* A line without axes in a cell.  It is drawn when the page has time, and again only when it has changed. */
export class Spark {
    constructor(label) {
        this.canvas = el('canvas', {role: 'img', 'aria-label': label, width: 96, height: 24});
        this.drawn = null;
        this.shown = '';
    }

    show(values) {
        const text = JSON.stringify([values, isDark()]);

        if (text === this.shown)
            return;
        this.shown = text;
        requestAnimationFrame(() => this.draw(values));
    }

    draw(values) {
        const data = values.map((y, x) => ({x, y: y === null ? NaN : y}));

        if (!this.canvas.isConnected)
            return;
        if (!this.drawn)
            this.drawn = new Chart(this.canvas, {type: 'line', data: {datasets: [{data: []}]}, options: {
                animation: false, responsive: false, parsing: false, events: [], normalized: true,
                elements: {point: {radius: 0}, line: {borderWidth: 1.25}},
                scales: {x: {type: 'linear', display: false, min: 0, max: 59}, y: {display: false, min: 0}},
                layout: {padding: 2},
                plugins: {legend: {display: false}, tooltip: {enabled: false}},
            }});
        this.drawn.options.scales.y.max = Math.max(1, ...values);
        Object.assign(this.drawn.data.datasets[0], {data, borderColor: colour('--accent')});
        this.drawn.update('none');
    }

    close() {
        if (this.drawn)
            this.drawn.destroy();
        this.drawn = null;
    }
}
