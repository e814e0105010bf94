/**
 * Runs `work` up to `count` times in batches of `initial`, 2·initial, 4·initial, … A batch with an error is
 * the last: what fails for one (a quota) is not tried hundreds of times. Resolves with the number of
 * successes and the first error.
 */
export async function slowStartBatch(
    count: number,
    initial: number,
    work: (index: number) => Promise<void>,
): Promise<{ successes: number; error: unknown }> {
    let successes = 0;
    let next = 0;
    for (let size = Math.min(count, initial); size > 0; size = Math.min(2 * size, count - next)) {
        const first = next;
        next += size;
        const results = await Promise.allSettled(
            Array.from({ length: size }, async (_, i) => await work(first + i)),
        );
        successes += results.filter(({ status }) => status === 'fulfilled').length;
        const failed = results.find((result) => result.status === 'rejected');
        if (failed !== undefined) return { successes, error: failed.reason };
    }
    return { successes, error: undefined };
}
