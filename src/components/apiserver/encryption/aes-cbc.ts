import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { TransformError, type ValueTransformer } from './transformer.ts';

const blockBytes = 16;

/**
 * AES-CBC with PKCS#7 padding under a key of 16, 24 or 32 bytes: initialisation vector, ciphertext. Nothing is
 * authenticated: it is here for values that an older cluster wrote.
 */
export function aesCbc(key: Buffer): ValueTransformer {
    const algorithm = `aes-${key.length * 8}-cbc`;
    return {
        toStorage: (value) => {
            const vector = randomBytes(blockBytes);
            const cipher = createCipheriv(algorithm, key, vector);
            return Buffer.concat([vector, cipher.update(value), cipher.final()]);
        },
        fromStorage: (value) => {
            if (value.length < blockBytes) {
                throw new TransformError('the stored data was shorter than the required size');
            }
            if (value.length % blockBytes !== 0) {
                throw new TransformError('the stored data is not a multiple of the block size');
            }
            const decipher = createDecipheriv(algorithm, key, value.subarray(0, blockBytes));
            decipher.setAutoPadding(false);
            const padded = Buffer.concat([decipher.update(value.subarray(blockBytes)), decipher.final()]);
            return { bytes: unpadded(padded), isStale: false };
        },
    };
}

/** Without the padding: n bytes that are each n. */
function unpadded(padded: Buffer): Buffer {
    const count = padded.at(-1) ?? 0;
    if (count === 0 || count > padded.length) {
        throw new TransformError('invalid PKCS7 data (empty or not padded)');
    }
    const end = padded.length - count;
    if (padded.subarray(end).some((byte) => byte !== count)) {
        throw new TransformError('invalid padding on input');
    }
    return padded.subarray(0, end);
}
