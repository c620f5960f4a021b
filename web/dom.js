/* dom.js - elements made of data: what comes from the broker becomes text, never markup.
 *
 * SPDX-License-Identifier: BSD-2-Clause */

/* An element with attributes, listeners ("onclick": a function) and children, which are nodes, texts, lists of
 * these, or null.  true is an empty attribute; false and null are none. */
export function el(tag, attributes, ...children) {
    const element = document.createElement(tag);

    for (const [name, value] of Object.entries(attributes || {})) {
        if (typeof value === 'function')
            element.addEventListener(name.slice(2), value);
        else if (value !== false && value !== null && value !== undefined)
            element.setAttribute(name, value === true ? '' : String(value));
    }
    add(element, children);
    return element;
}

export function add(element, ...children) {
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined && child !== false)
            element.append(child instanceof Node ? child : String(child));
    return element;
}

export function fill(element, ...children) {
    element.replaceChildren();
    return add(element, ...children);
}

/* Sets a text only where it is another one, and says whether it is. */
export function setText(element, text) {
    if (element.textContent === text)
        return false;
    element.textContent = text;
    return true;
}

/* What changed is marked for a moment. */
export function flash(element) {
    element.classList.remove('changed');
    void element.offsetWidth; /* so that the animation begins anew */
    element.classList.add('changed');
    setTimeout(() => element.classList.remove('changed'), 1300);
}

let numbers = 0;

/* A field with its label, and a note that belongs to it. */
export function field(label, control, note) {
    const id = `f${++numbers}`;
    const hint = note ? el('p', {class: 'note', id: `${id}n`}, note) : null;

    control.id = id;
    if (hint)
        control.setAttribute('aria-describedby', hint.id);
    return el('div', {class: 'field'}, el('label', {for: id}, label), control, hint);
}

/* A select of [value, text] pairs. */
export function choice(options, value, onchange, attributes) {
    return el('select', {...attributes, onchange: event => onchange && onchange(event.target.value)},
        options.map(([key, text]) => el('option', {value: key, selected: key === value}, text)));
}

export function button(text, onclick, attributes) {
    return el('button', {type: 'button', onclick, ...attributes}, text);
}

/* A panel with a title, controls beside it, and what is in it. */
export function panel(title, controls, ...children) {
    const heading = el('h2', {id: `f${++numbers}`}, title);

    return el('section', {class: 'panel', 'aria-labelledby': heading.id},
        el('div', {class: 'title'}, heading, controls), children);
}

/* The head of a page: what it is about, below a link to where it belongs, and controls. */
export function heading(title, parent, controls) {
    return el('div', {class: 'head'}, el('div', {class: 'heading'},
        parent ? el('a', {class: 'crumbs note', href: parent[1]}, parent[0]) : null, el('h1', null, title)), controls);
}

/* A list of names and values. */
export function pairs(rows) {
    return el('dl', {class: 'pairs'},
        rows.filter(Boolean).map(([name, value]) => [el('dt', null, name), el('dd', null, value)]));
}

/* A form that is never sent by the browser itself. */
export function form(onsubmit, ...children) {
    return el('form', {class: 'stack', novalidate: true, onsubmit: event => {
        event.preventDefault();
        onsubmit(event.target);
    }}, children);
}

/* Waits until it has been quiet for so long. */
export function later(milliseconds, what) {
    let timer = 0;

    return (...given) => {
        clearTimeout(timer);
        timer = setTimeout(() => what(...given), milliseconds);
    };
}
