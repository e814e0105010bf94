import type { TxnRequest } from '../../store.ts';

interface Pending {
    value: Buffer;
    decoded: object;
}

/**
 * Objects of puts that are under way, to be found again when the put's event comes back. Only puts that a
 * guard on their key's modRevision protects: another write of the same bytes cannot be mistaken for it.
 */
export class DecodedObjects {
    readonly #byKey = new Map<string, Pending[]>();

    /** Returns how to forget them. */
    expect({ compares, success }: TxnRequest): () => void {
        const expected: { key: string; pending: Pending }[] = [];
        for (const op of success) {
            if (op.type !== 'put' || op.decoded === undefined) continue;
            const { key, value, decoded } = op;
            const isGuarded = compares.some(
                (compare) =>
                    compare.key === key && compare.target === 'modRevision' && compare.result === 'equal',
            );
            if (!isGuarded) continue;
            const pending = { value, decoded };
            this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), pending]);
            expected.push({ key, pending });
        }
        return () => {
            for (const { key, pending } of expected) this.#forget(key, pending);
        };
    }

    find(key: string, value: Buffer): object | undefined {
        return this.#byKey.get(key)?.find((pending) => pending.value.equals(value))?.decoded;
    }

    #forget(key: string, pending: Pending): void {
        const rest = this.#byKey.get(key)?.filter((other) => other !== pending) ?? [];
        if (rest.length === 0) this.#byKey.delete(key);
        else this.#byKey.set(key, rest);
    }
}
