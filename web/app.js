/* app.js - the frame around every page: which page an address names, the navigation, light and dark, the key, and
 * how the connection is.
 *
 * A page is a module of pages/ with title(parts) and open(main, parts, query), which returns {close()}.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {connection, setKey, theKey} from './api.js';
import {askKey} from './dialog.js';
import {button, el, fill, setText} from './dom.js';
import {moment} from './format.js';
import {T} from './texts.js';
import {isDark} from './charts.js';
import {parse} from './address.js';
import {problem} from './notice.js';

/* The first part of an address: its page, and under what it is in the navigation. */
const PAGES = {
    queues: {load: () => import('./pages/queues.js'), nav: 'queues'},
    queue: {load: () => import('./pages/queue.js'), nav: 'queues'},
    message: {load: () => import('./pages/message.js'), nav: 'queues'},
    dead: {load: () => import('./pages/dead.js'), nav: 'dead'},
    channels: {load: () => import('./pages/channels.js'), nav: 'channels'},
    pools: {load: () => import('./pages/pools.js'), nav: 'pools'},
    server: {load: () => import('./pages/server.js'), nav: 'server'},
};
const NAV = Object.keys(PAGES).filter(name => PAGES[name].nav === name);

const main = el('main', {id: 'main', tabindex: -1});
const links = new Map(NAV.map(name => [name, el('a', {href: `#/${name}`}, T.nav[name])]));
const state = el('span', {class: 'state', role: 'status', 'data-state': 'asking'}, T.states.asking);
const banner = el('div', {class: 'banner', role: 'alert', hidden: true});
const keyButton = button('', enterKey, {class: 'quiet'});
const themeButton = button('', switchTheme, {class: 'quiet'});
let current = null;
let opening = 0;

/* --- light and dark --------------------------------------------------------------------------- */

function showTheme() {
    setText(themeButton, isDark() ? T.toLight : T.toDark);
    themeButton.setAttribute('aria-label', isDark() ? T.toLightLong : T.toDarkLong);
}

function switchTheme() {
    const theme = isDark() ? 'light' : 'dark';

    document.documentElement.dataset.theme = theme;
    localStorage.setItem('restmq.theme', theme);
    showTheme();
    open();
}

/* --- the key ------------------------------------------------------------------------------------ */

let isAskingKey = false;

async function enterKey(why) {
    if (isAskingKey)
        return;
    isAskingKey = true;
    const key = await askKey(theKey() !== '', typeof why === 'string' ? why : null);
    isAskingKey = false;
    if (key === undefined)
        return;
    setKey(key);
    showKey();
    open();
}

function showKey() {
    setText(keyButton, theKey() ? T.keySet : T.keyUnset);
}

/* --- the connection ----------------------------------------------------------------------------- */

function showState() {
    const isLost = connection.state === 'away' || connection.state === 'redis';

    state.dataset.state = connection.state;
    setText(state, T.states[connection.state]);
    banner.hidden = !isLost;
    main.classList.toggle('is-stale', isLost);
    if (isLost)
        fill(banner, el('strong', null, connection.state === 'redis' ? T.redisIsDown : T.brokerIsAway),
            el('span', null, T.since, ' ', moment(connection.since, true), '. ', T.comesBack));
}

/* --- which page --------------------------------------------------------------------------------- */

async function open() {
    const {name, parts, query} = parse(location.hash);
    const page = PAGES[name];
    const turn = ++opening;

    if (!page) {
        location.replace(`#/${NAV[0]}`);
        return;
    }
    for (const [nav, link] of links)
        if (nav === page.nav)
            link.setAttribute('aria-current', 'page');
        else
            link.removeAttribute('aria-current');
    try {
        const module = await page.load();
        if (turn !== opening)
            return;
        close();
        document.title = `${module.title(parts)} – RestMQ`;
        current = module.open(main, parts, query);
    } catch (failure) {
        close();
        fill(main, problem(failure));
    }
}

function close() {
    if (current)
        current.close();
    current = null;
    fill(main);
}

function moved() {
    open().then(() => { main.focus({preventScroll: true}); scrollTo(0, 0); });
}

fill(document.getElementById('app'),
    el('a', {class: 'skip', href: '#main', onclick: event => { event.preventDefault(); main.focus(); }}, T.skip),
    el('header', {class: 'bar'},
        el('a', {class: 'brand', href: `#/${NAV[0]}`}, el('img', {src: 'icon.svg', alt: ''}), 'RestMQ'),
        el('nav', {class: 'nav', 'aria-label': T.navigation}, [...links.values()]),
        el('div', {class: 'tools'}, state, keyButton, themeButton)),
    banner, main,
    el('footer', {class: 'foot'}, el('a', {href: '../help'}, T.help), el('a', {href: 'licences.txt'}, T.licences)));

connection.addEventListener('change', showState);
connection.addEventListener('key-wanted', () => showKey());
document.addEventListener('enter-key', () => enterKey());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { showTheme(); open(); });
addEventListener('hashchange', moved);
showTheme();
showKey();
showState();
open();
