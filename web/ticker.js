/* ticker.js - when a page asks again: every so many seconds while it is seen, one request at a time, and at once
 * when the broker is back or the visitor has another key.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
import {connection} from './api.js';

export const PERIODS = ['1', '2', '5', '30', '0'];
const STORED = 'restmq.refresh';

export function period() {
    const stored = localStorage.getItem(STORED);

    return PERIODS.includes(stored) ? stored : '5';
}

/* ask: an async function without arguments that never rejects. */
export class Ticker {
    constructor(ask) {
        this.ask = ask;
        this.timer = 0;
        this.isAsking = false;
        this.isAskedAgain = false;
        this.isClosed = false;
        this.now = () => this.tick();
        connection.addEventListener('back', this.now);
        connection.addEventListener('key', this.now);
        document.addEventListener('visibilitychange', this.now);
    }

    setPeriod(seconds) {
        localStorage.setItem(STORED, seconds);
        this.wait();
    }

    wait() {
        const seconds = Number(period());

        clearTimeout(this.timer);
        if (seconds && !this.isClosed)
            this.timer = setTimeout(() => document.hidden ? this.wait() : this.tick(), seconds * 1000);
    }

    /* Asks; whoever wants that while an answer is under way has it asked once more behind it. */
    async tick() {
        if (this.isClosed || document.hidden)
            return;
        if (this.isAsking) {
            this.isAskedAgain = true;
            return;
        }
        this.isAsking = true;
        do {
            this.isAskedAgain = false;
            await this.ask();
        } while (this.isAskedAgain && !this.isClosed);
        this.isAsking = false;
        this.wait();
    }

    close() {
        this.isClosed = true;
        clearTimeout(this.timer);
        connection.removeEventListener('back', this.now);
        connection.removeEventListener('key', this.now);
        document.removeEventListener('visibilitychange', this.now);
    }
}
