/* rights.js - what the visitor may do, so that a page offers no more; the broker checks it anyway.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {get} from './api.js';

/* The words of GET /rights as a set: read, write, purge, settings, stats, admin, stream.  Without a name: what may
 * be done at all.  Who may do nothing has an empty set. */
export async function rightsOf(name, signal) {
    try {
        return new Set((await get('rights', name, null, signal)).may);
    } catch (failure) {
        if (failure.kind === 'forbidden' || failure.kind === 'key' || failure.kind === 'password')
            return new Set();
        throw failure;
    }
}
