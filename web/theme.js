/* theme.js - light or dark, before the first thing is painted; a choice outlives the page.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
(function () {
    'use strict';
    try {
        const chosen = localStorage.getItem('restmq.theme');
        if (chosen === 'light' || chosen === 'dark')
            document.documentElement.dataset.theme = chosen;
    } catch (error) {
        /* Without storage the browser's preference counts. */
    }
})();
