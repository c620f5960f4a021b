/* api.js - requests to the broker, with the visitor's key, and what their failures mean.
 *
 * Who wants to know how the connection is adds a listener to `connection`: an event "change" comes with its state,
 * and "back" when the broker answers again.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {T} from './texts.js';

/* The dashboard is one level below the broker, whatever the prefix is. */
export const base = new URL('..', document.baseURI);

const RETRY_MS = 2000;
const PATIENCE_MS = 20000;
const KEY = 'restmq.key';

/* What a request failed of.  kind: "away" (nobody answers, or something else than the broker does), "redis",
 * "password", "key" (missing or wrong), "forbidden", "missing" or "refused". */
export class Failure extends Error {
    constructor(kind, text, status, code) {
        super(text);
        this.kind = kind;
        this.status = status || 0;
        this.code = code || '';
    }
}

export const connection = new EventTarget();
connection.state = 'asking';
connection.since = Date.now();
connection.asked = null; /* the last answer */

function become(state) {
    const before = connection.state;

    if (state === 'ok')
        connection.asked = Date.now();
    if (before === state)
        return;
    connection.state = state;
    connection.since = Date.now();
    connection.dispatchEvent(new Event('change'));
    if (state === 'ok' && (before === 'away' || before === 'redis'))
        connection.dispatchEvent(new Event('back'));
    if (state === 'away' || state === 'redis')
        setTimeout(knock, RETRY_MS);
}

/* Asks until there is an answer again; /ready needs no right. */
async function knock() {
    await get('ready').catch(() => null);
    if (connection.state === 'away' || connection.state === 'redis')
        setTimeout(knock, RETRY_MS);
}

/* --- the key -------------------------------------------------------------------------------- */

export function theKey() {
    return sessionStorage.getItem(KEY) || '';
}

export function setKey(key) {
    if (key)
        sessionStorage.setItem(KEY, key);
    else
        sessionStorage.removeItem(KEY);
    connection.dispatchEvent(new Event('key'));
}

/* Headers that say who asks; X-Requested-With says that a page asks, which has a field for a key. */
export function headers(more) {
    const key = theKey();

    return {...more, 'X-Requested-With': 'dashboard', ...key ? {'X-Authkey': key} : {}};
}

/* --- requests --------------------------------------------------------------------------------- */

/* The address of a route; a name keeps its slashes, all else in it is escaped. */
export function address(route, name, query) {
    const path = name === undefined || name === '' ? route
        : `${route}/${name.split('/').map(encodeURIComponent).join('/')}`;
    const url = new URL(path, base);

    for (const [option, value] of Object.entries(query || {}))
        if (value !== undefined && value !== null && value !== '')
            url.searchParams.set(option, value);
    return url;
}

function kindOf(status, code, response) {
    if (status === 401)
        return response.headers.has('WWW-Authenticate') ? 'password' : 'key';
    if (status === 403)
        return 'forbidden';
    if (status === 404 && code !== 'empty')
        return 'missing';
    return status === 503 && code === 'unavailable' ? 'redis' : 'refused';
}

/* What the answer says, if it is no success. */
async function failureOf(response) {
    const type = response.headers.get('Content-Type') || '';
    const said = type.startsWith('application/json') ? await response.json().catch(() => null) : null;

    if (!said || typeof said.error !== 'string')
        return response.status === 413 ? new Failure('refused', T.tooLarge, 413)
            : new Failure('away', T.notTheBroker(response.status), response.status);
    const text = said.outcome === 'unknown' ? `${said.error}. ${T.outcomeUnknown}` : said.error;
    const kind = kindOf(response.status, said.code, response);
    /* A password that has to wait is 503, too. */
    return new Failure(kind === 'redis' && Number(response.headers.get('Retry-After')) > 1 ? 'refused' : kind,
        text, response.status, said.code);
}

/* Sends a request and returns the answer if it is a success; the caller reads it.  A request that an AbortSignal
 * ends rejects with its AbortError, which says nothing about the connection. */
export async function send(method, url, {body, type, accept, signal, more, isStream} = {}) {
    const patience = isStream ? null : AbortSignal.timeout(PATIENCE_MS);
    let response;

    try {
        response = await fetch(url, {method, body, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
            headers: headers({Accept: accept || 'application/json', ...type ? {'Content-Type': type} : {}, ...more}),
            signal: signal && patience && AbortSignal.any ? AbortSignal.any([signal, patience]) : signal || patience});
    } catch (error) {
        if (signal && signal.aborted)
            throw new DOMException('', 'AbortError');
        become('away');
        throw new Failure('away', T.noAnswer);
    }
    if (response.ok) {
        if (!isStream)
            become('ok');
        return response;
    }
    const failure = await failureOf(response);
    become(failure.kind === 'away' || failure.kind === 'redis' ? failure.kind : 'ok');
    if (failure.kind === 'key')
        connection.dispatchEvent(new Event('key-wanted'));
    throw failure;
}

/* A success that the broker would not have said: a proxy has, or what signs visitors in. */
function notTheBroker(response) {
    become('away');
    return new Failure('away', T.notTheBroker(response.status), response.status);
}

/* Throws where the answer is of another type. */
export function expectType(response, type) {
    if (!(response.headers.get('Content-Type') || '').startsWith(type))
        throw notTheBroker(response);
}

export async function json(response) {
    if (response.status === 204)
        return null;
    try {
        return await response.json();
    } catch (error) {
        if (error.name === 'AbortError')
            throw error;
        throw notTheBroker(response);
    }
}

export async function get(route, name, query, signal) {
    return json(await send('GET', address(route, name, query), {signal}));
}

/* As get(), with the cursor of the next page, or null. */
export async function getPage(route, name, query, signal) {
    const response = await send('GET', address(route, name, query), {signal});
    const link = /[?&]cursor=([^&>]*)/.exec(response.headers.get('Link') || '');

    return {data: await json(response), next: link ? decodeURIComponent(link[1]) : null};
}

/* A form; what is undefined is left out. */
export async function post(route, name, fields, query) {
    const body = new URLSearchParams(Object.entries(fields || {}).filter(([, value]) => value !== undefined));

    return json(await send('POST', address(route, name, query), {body}));
}

export async function put(route, name, query) {
    return json(await send('PUT', address(route, name, query)));
}

/* Without a query string and a Content-Type it is what a purge has to be. */
export async function remove(route, name, query) {
    return json(await send('DELETE', address(route, name, query)));
}
