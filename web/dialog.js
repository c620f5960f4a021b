/* dialog.js - questions: is this meant, and which key?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {add, button, el, field, form} from './dom.js';
import {T} from './texts.js';

/* Shows a dialog with that title; make(close) returns what is in it.  The promise has what close() was given, or
 * undefined when it was cancelled. */
export function ask(title, make) {
    return new Promise(resolve => {
        let answer;
        const heading = el('h2', {id: 'dialog-title'}, title);
        const dialog = el('dialog', {'aria-labelledby': 'dialog-title'}, heading);
        const close = value => { answer = value; dialog.close(); };

        dialog.addEventListener('close', () => { dialog.remove(); resolve(answer); });
        add(dialog, make(close));
        document.body.append(dialog);
        dialog.showModal();
    });
}

export function buttons(close, action, attributes) {
    return el('div', {class: 'row end'}, button(T.cancel, () => close(undefined)),
        el('button', {type: 'submit', ...attributes}, action));
}

/* Is it meant?  The button says what will be done, with its count. */
export async function confirm(title, text, action) {
    return await ask(title, close => form(() => close(true), el('p', null, text),
        buttons(close, action, {class: 'danger'}))) === true;
}

/* As confirm(), but the name has to be typed. */
export async function confirmByName(title, text, name, action) {
    return await ask(title, close => {
        const input = el('input', {autocomplete: 'off', spellcheck: 'false', oninput: () => {
            submit.disabled = input.value !== name;
        }});
        const row = buttons(close, action, {class: 'danger', disabled: true});
        const submit = row.lastChild;

        return form(() => input.value === name && close(true), el('p', null, text),
            field(T.typeTheName(name), input), row);
    }) === true;
}

/* The key of the visitor; "" takes it away. */
export function askKey(hasKey, why) {
    return ask(T.key, close => {
        const input = el('input', {type: 'password', autocomplete: 'off', spellcheck: 'false', maxlength: 128});
        const row = buttons(close, T.useKey, {class: 'primary'});

        if (hasKey)
            row.prepend(button(T.forgetKey, () => close('')));
        return form(() => input.value && close(input.value.trim()), el('p', null, why || T.keyNote),
            field(T.key, input), row);
    });
}
