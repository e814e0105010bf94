/** Rejects as soon as `signal` aborts; the work goes on in the background, and its outcome is dropped then. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
        const onAbort = () => {
            reject(new Error('aborted', { cause: signal.reason }));
        };
        if (signal.aborted) onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        const done = () => {
            signal.removeEventListener('abort', onAbort);
        };
        work.then(resolve, reject).then(done, done);
    });
}
