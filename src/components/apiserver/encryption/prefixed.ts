import { startsWith, TransformError, type TransformedValue, type ValueTransformer } from './transformer.ts';

export interface PrefixedTransformer {
    /** What its values begin with; empty for values in clear. */
    prefix: Buffer;
    transformer: ValueTransformer;
}

/**
 * Several forms, told apart by what values begin with: the first one writes, all of them read. A prefix may be there
 * twice, while a key is exchanged for another of the same name: each is tried. `unknown` is the error's text for
 * values that none of them knows.
 */
export class PrefixedTransformers implements ValueTransformer {
    readonly #transformers: readonly PrefixedTransformer[];
    readonly #unknown: string;

    constructor(transformers: readonly PrefixedTransformer[], unknown: string) {
        this.#transformers = transformers;
        this.#unknown = unknown;
    }

    toStorage(value: Buffer, context: Buffer): Buffer {
        const [first] = this.#transformers;
        if (first === undefined) throw new TransformError(this.#unknown);
        const stored = first.transformer.toStorage(value, context);
        return first.prefix.length === 0 ? stored : Buffer.concat([first.prefix, stored]);
    }

    fromStorage(value: Buffer, context: Buffer): TransformedValue {
        const errors: TransformError[] = [];
        for (const [index, { prefix, transformer }] of this.#transformers.entries()) {
            if (!startsWith(value, prefix)) continue;
            try {
                const { bytes, isStale } = transformer.fromStorage(value.subarray(prefix.length), context);
                return { bytes, isStale: isStale || index > 0 };
            } catch (error) {
                if (!(error instanceof TransformError)) throw error;
                // What is not in clear may be known to the next one.
                if (prefix.length > 0) errors.push(error);
            }
        }
        const texts = [...new Set(errors.map(({ message }) => message))];
        if (texts.length === 0) throw new TransformError(this.#unknown);
        throw new TransformError(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`, {
            cause: errors[0],
        });
    }
}
