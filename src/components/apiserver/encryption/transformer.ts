/** A form of values in the store: how bytes become what is stored, and back. */
export interface ValueTransformer {
    /** `context` is the key of the value in the store, as bytes: some forms are readable under that key alone. */
    toStorage(value: Buffer, context: Buffer, report?: TransformReport): Buffer;
    /** Throws TransformError for what cannot be read; the value is not part of its text. */
    fromStorage(value: Buffer, context: Buffer, report?: TransformReport): TransformedValue;
}

/** Told about every step of a transformation: what a provider does, and within it what one of its keys does. */
export type TransformReport = (step: {
    type: 'to_storage' | 'from_storage';
    /** What values of this form begin with; "identity" and "unknown" where nothing tells. */
    prefix: string;
    seconds: number;
    isFailed: boolean;
}) => void;

export interface TransformedValue {
    bytes: Buffer;
    /** Written in another form than new values are: to be written anew when there is an occasion. */
    isStale: boolean;
}

/** A stored value cannot be read: no key fits, or it was changed. The texts are upstream's. */
export class TransformError extends Error {
    override readonly name = 'TransformError';
}

/** What all encrypted values begin with, whatever the provider. */
export const encryptedPrefix = Buffer.from('k8s:enc:');

export function startsWith(value: Buffer, prefix: Buffer): boolean {
    return (
        value.length >= prefix.length &&
        (prefix.length === 0 || value.compare(prefix, 0, prefix.length, 0, prefix.length) === 0)
    );
}
