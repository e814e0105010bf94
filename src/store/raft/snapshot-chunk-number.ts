/**
 * On the wire a chunk's number is that of its transfer and its own place in it: `transfer * 2^20 + chunk`, which
 * fits into 32 bits. So a late chunk of a transfer that was given up is never taken for one of the next, which
 * may have cut the same state differently.
 */
const chunksMax = 2 ** 20;
const transfersMax = 2 ** 12;

export function wireNumber(transfer: number, chunk: number): number {
    return (transfer % transfersMax) * chunksMax + chunk;
}

export function chunkOf(number: number): number {
    return number % chunksMax;
}

export function transferOf(number: number): number {
    return Math.floor(number / chunksMax);
}

export function isLastPossible(chunk: number): boolean {
    return chunk === chunksMax - 1;
}
