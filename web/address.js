/* address.js - the dashboard's own addresses: #/page/part/part?option=value.
 *
 * SPDX-License-Identifier: BSD-2-Clause */

export function parse(hash) {
    const text = hash.replace(/^#?\/?/, '');
    const at = text.indexOf('?');
    const path = at < 0 ? text : text.slice(0, at);
    let parts;

    try {
        parts = path.split('/').map(decodeURIComponent);
    } catch (error) {
        parts = [''];
    }
    return {name: parts[0], parts: parts.slice(1), query: new URLSearchParams(at < 0 ? '' : text.slice(at + 1))};
}

/* An address; a name's slashes are escaped, so that it is one part. */
export function to(page, parts = [], query = {}) {
    const path = [page, ...parts.map(encodeURIComponent)].join('/');
    const options = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && value !== null
        && value !== undefined)).toString();

    return `#/${path}${options ? `?${options}` : ''}`;
}

/* Notes in the address how the page is looked at, so that it can be linked to; opens nothing. */
export function note(page, parts, query) {
    history.replaceState(null, '', to(page, parts, query));
}
