import type { Duplex } from 'node:stream';

/** Once one side is gone the other may send what it has left and read the end, for this long. */
const lingerMs = 5_000;

/**
 * Copies both ways with half-closes; resolves when both are closed. When one side ends in order the other
 * is ended in order too, and gets the time to send out what is still buffered; a side that breaks off
 * breaks the other off.
 */
export function join(a: Duplex, b: Duplex): Promise<void> {
    return new Promise((resolve) => {
        let open = 2;
        const closed = (): void => {
            open--;
            if (open === 0) resolve();
        };
        for (const [one, other] of [
            [a, b],
            [b, a],
        ] as const) {
            one.on('error', () => undefined);
            one.once('close', () => {
                closed();
                wind(other, one.readableEnded);
            });
        }
        a.pipe(b);
        b.pipe(a);
        // Closed before we listened: their close will not be heard any more.
        for (const stream of [a, b]) if (stream.closed) stream.emit('close');
    });
}

function wind(stream: Duplex, inOrder: boolean): void {
    if (stream.destroyed) return;
    if (!inOrder) {
        stream.destroy();
        return;
    }
    stream.end();
    stream.resume();
    const timer = setTimeout(() => stream.destroy(), lingerMs);
    timer.unref();
    stream.once('close', () => {
        clearTimeout(timer);
    });
}
