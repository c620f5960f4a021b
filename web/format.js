/* format.js - numbers, sizes, times and bytes as people read them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {el} from './dom.js';
import {T} from './texts.js';

const whole = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const clock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const day = new Intl.DateTimeFormat('en-GB', {year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit',
    minute: '2-digit', second: '2-digit'});

export function isNumber(value) {
    return typeof value === 'number' && Number.isFinite(value);
}

export function number(value) {
    return isNumber(value) ? whole.format(value) : T.nothing;
}

/* A second. */
export function rate(value) {
    if (!isNumber(value))
        return T.nothing;
    return value === 0 ? '0' : value < 0.1 ? '<0.1' : tenths.format(value);
}

export function bytes(value) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;

    if (!isNumber(value))
        return T.nothing;
    for (; value >= 1024 && unit < units.length - 1; unit++)
        value /= 1024;
    return `${unit ? tenths.format(value) : whole.format(value)} ${units[unit]}`;
}

/* Seconds, of which the two largest units are said. */
export function span(seconds) {
    const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

    if (!isNumber(seconds))
        return T.nothing;
    if (seconds < 0)
        return `−${span(-seconds)}`;
    if (seconds < 10)
        return `${tenths.format(seconds)} s`;
    seconds = Math.round(seconds);
    const first = units.findIndex(([size]) => seconds >= size);
    const [size, name] = units[first];
    const rest = first < 3 ? Math.floor(seconds % size / units[first + 1][0]) : 0;
    const text = `${Math.floor(seconds / size)} ${name}`;
    return rest ? `${text} ${rest} ${units[first + 1][1]}` : text;
}

/* The age of the oldest message, which may be a bound only. */
export function age(seconds, is) {
    if (!isNumber(seconds))
        return T.nothing;
    return (is === '>' ? '> ' : '') + span(seconds);
}

export function clockTime(milliseconds) {
    return clock.format(new Date(milliseconds));
}

/* A moment in the reader's zone; UTC on hover. */
export function moment(milliseconds, isShort) {
    const date = new Date(milliseconds);

    if (!isNumber(milliseconds) || Number.isNaN(date.getTime()))
        return el('span', null, T.nothing);
    const utc = date.toISOString();
    return el('time', {datetime: utc, title: utc.replace('T', ' ').replace('Z', ' UTC')},
        (isShort ? clock : day).format(date));
}

export function base64ToBytes(text) {
    return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

export function textToBytes(text) {
    return new TextEncoder().encode(text);
}

/* Sixteen bytes a line: where they stand, what they are, and as ASCII. */
export function hex(data) {
    const lines = [];

    for (let at = 0; at < data.length; at += 16) {
        const part = Array.from(data.subarray(at, at + 16));
        const digits = part.map(byte => byte.toString(16).padStart(2, '0'));
        const letters = part.map(byte => byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.');

        lines.push(`${at.toString(16).padStart(8, '0')}  ${digits.slice(0, 8).join(' ').padEnd(23)}  `
            + `${digits.slice(8).join(' ').padEnd(23)}  ${letters.join('')}`);
    }
    return lines.join('\n');
}

/* The text as JSON with its members on lines of their own; null: it is none. */
export function pretty(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch (error) {
        return null;
    }
}
