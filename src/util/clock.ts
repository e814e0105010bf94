/**
 * Time as a parameter. `nowMs` is wall-clock time for timestamps that people read; `monotonicMs` never
 * jumps and is what intervals and timeouts are computed from (boards have no clock battery).
 */
export interface Clock {
    nowMs(): number;
    monotonicMs(): number;
    /** Calls back once after `delayMs`; does not keep the process alive. Returns a cancel function. */
    setTimer(delayMs: number, callback: () => void): () => void;
}

/** A delay that setTimeout would turn into "at once" is capped here: 2^31-1 ms. */
const timerDelayMaxMs = 2_147_483_647;

export const systemClock: Clock = {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer(delayMs, callback) {
        const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), timerDelayMaxMs));
        timer.unref();
        return () => {
            clearTimeout(timer);
        };
    },
};

/** RFC 3339 with seconds, as `metav1.Time` is written: 2024-01-31T10:20:30Z. */
export function rfc3339(ms: number): string {
    const second = Math.floor(ms / 1000);
    if (second !== lastSecond.second) {
        lastSecond.text = new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
        lastSecond.second = second;
    }
    return lastSecond.text;
}

/** The second that was written last: nearly all ask for the current one, several times for each write. */
const lastSecond = { second: NaN, text: '' };

/** RFC 3339 with microseconds, as `metav1.MicroTime` is written: 2024-01-31T10:20:30.123000Z. */
export function rfc3339Micro(ms: number): string {
    return new Date(ms).toISOString().replace(/Z$/, '000Z');
}
