import {
    startsWith,
    TransformError,
    type TransformedValue,
    type TransformReport,
    type ValueTransformer,
} from './transformer.ts';

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

    toStorage(value: Buffer, context: Buffer, report?: TransformReport): Buffer {
        const [first] = this.#transformers;
        if (first === undefined) throw new TransformError(this.#unknown);
        const prefix = first.prefix.toString('latin1');
        const stored = timed(report, { type: 'to_storage', prefix }, () =>
            first.transformer.toStorage(value, context, report),
        );
        return first.prefix.length === 0 ? stored : Buffer.concat([first.prefix, stored]);
    }

    fromStorage(value: Buffer, context: Buffer, report?: TransformReport): TransformedValue {
        const startMs = performance.now();
        const errors: TransformError[] = [];
        for (const [index, { prefix, transformer }] of this.#transformers.entries()) {
            if (!startsWith(value, prefix)) continue;
            try {
                const read = () => transformer.fromStorage(value.subarray(prefix.length), context, report);
                const { bytes, isStale } =
                    prefix.length === 0
                        ? readInClear(report, read)
                        : timed(report, { type: 'from_storage', prefix: prefix.toString('latin1') }, read);
                return { bytes, isStale: isStale || index > 0 };
            } catch (error) {
                if (!(error instanceof TransformError)) throw error;
                // What is not in clear may be known to the next one.
                if (prefix.length > 0) errors.push(error);
            }
        }
        const texts = [...new Set(errors.map(({ message }) => message))];
        if (texts.length === 0) {
            const seconds = (performance.now() - startMs) / 1000;
            report?.({ type: 'from_storage', prefix: 'unknown', seconds, isFailed: true });
            throw new TransformError(this.#unknown);
        }
        throw new TransformError(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`, {
            cause: errors[0],
        });
    }
}

/** What is not in clear is for another form to read: that is no failure. */
function readInClear<T>(report: TransformReport | undefined, read: () => T): T {
    const startMs = performance.now();
    const result = read();
    const seconds = (performance.now() - startMs) / 1000;
    report?.({ type: 'from_storage', prefix: 'identity', seconds, isFailed: false });
    return result;
}

function timed<T>(
    report: TransformReport | undefined,
    step: Pick<Parameters<TransformReport>[0], 'type' | 'prefix'>,
    run: () => T,
): T {
    if (report === undefined) return run();
    const startMs = performance.now();
    let isFailed = true;
    try {
        const result = run();
        isFailed = false;
        return result;
    } finally {
        report({ ...step, seconds: (performance.now() - startMs) / 1000, isFailed });
    }
}
