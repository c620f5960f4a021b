/* charts.js - lines over time, and small ones in tables, drawn by Chart.js.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {el} from './dom.js';
import {clockTime, moment, number, rate} from './format.js';

const HUES = {
    light: ['#2457c5', '#a15c00', '#5b6b82', '#b3261e', '#1c7345'],
    dark: ['#8db4ff', '#f2b866', '#a3b1c7', '#ff9a92', '#6fcf97'],
};
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3]];

export function isDark() {
    const chosen = document.documentElement.dataset.theme;

    return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function timeLabel(milliseconds, isLong) {
    const date = new Date(milliseconds);
    const two = value => String(value).padStart(2, '0');

    return isLong ? `${date.getMonth() + 1}/${date.getDate()} ${two(date.getHours())}:${two(date.getMinutes())}`
        : clockTime(milliseconds).slice(0, 5);
}

function scales(isLong, format) {
    const line = {color: colour('--line'), drawBorder: false};

    return {
        x: {type: 'linear', grid: {...line, display: false}, ticks: {color: colour('--muted'), maxTicksLimit: 6,
            maxRotation: 0, callback: value => timeLabel(value, isLong)}},
        y: {min: 0, beginAtZero: true, suggestedMax: 1, grid: line, ticks: {color: colour('--muted'), maxTicksLimit: 5,
            callback: value => format(value)}},
    };
}

/* A chart of several lines.  series: [name of the member, text] pairs; label: what it shows. */
export class TimeChart {
    constructor(label, series, isRate) {
        this.series = series;
        this.format = isRate ? rate : number;
        this.label = label;
        this.canvas = el('canvas', {role: 'img', 'aria-label': label});
        this.place = el('div', {class: 'chart'}, this.canvas);
        this.drawn = null;
    }

    begin(isLong) {
        Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
        this.isLong = isLong;
        this.wasDark = isDark();
        this.drawn = new Chart(this.canvas, {
            type: 'line',
            data: {datasets: this.series.map(([, text], at) => this.dataset(text, at))},
            options: {
                animation: false, responsive: true, maintainAspectRatio: false, normalized: true, parsing: false,
                interaction: {mode: 'index', intersect: false},
                elements: {point: {radius: 0, hitRadius: 8}, line: {borderWidth: 1.75, tension: 0}},
                scales: scales(isLong, this.format),
                plugins: {
                    legend: {position: 'bottom', align: 'start', labels: {color: colour('--text'), boxWidth: 18,
                        boxHeight: 0, padding: 12}},
                    tooltip: {callbacks: {
                        title: items => items.length ? moment(items[0].parsed.x).textContent : '',
                        label: item => `${item.dataset.label}: ${this.format(item.parsed.y)}`,
                    }},
                },
            },
        });
    }

    dataset(text, at) {
        const hue = HUES[isDark() ? 'dark' : 'light'][at];

        return {label: text, data: [], borderColor: hue, backgroundColor: hue, borderDash: DASHES[at],
            spanGaps: false};
    }

    /* An answer of /history. */
    show(history) {
        const isLong = history.step_s > 60;
        const time = at => history.from + at * history.step_s * 1000;

        if (this.drawn && (this.isLong !== isLong || this.wasDark !== isDark()))
            this.close();
        if (!this.drawn)
            this.begin(isLong);
        this.series.forEach(([member], line) => {
            this.drawn.data.datasets[line].data =
                (history[member] || []).map((value, at) => ({x: time(at), y: value === null ? NaN : value}));
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
