import { jsonDepthMax } from '../../../api/schema/json-scanner.ts';

/** Parses JSON that is not nested deeper than what may be walked over. Throws an Error otherwise. */
export function checkedJson(bytes: Buffer): unknown {
    const value: unknown = JSON.parse(bytes.toString());
    const waiting: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (typeof next.value !== 'object' || next.value === null) continue;
        const depth = next.depth + 1;
        if (depth > jsonDepthMax) throw new Error(`nested deeper than ${jsonDepthMax} levels`);
        for (const member of Object.values(next.value)) waiting.push({ value: member, depth });
    }
    return value;
}
