import { randomBytes } from 'node:crypto';
import { TransformError, type ValueTransformer } from './transformer.ts';

const nonceBytes = 24;
const tagBytes = 16;

/**
 * XSalsa20 and Poly1305 under a key of 32 bytes, as NaCl's secretbox: nonce, tag, ciphertext. Nonces are so long
 * that random ones never meet: a key need not be changed because of the number of writes.
 */
export async function secretbox(key: Buffer): Promise<ValueTransformer> {
    // Only who has such a key pays for the code.
    const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
    return {
        toStorage: (value) => {
            const nonce = randomBytes(nonceBytes);
            return Buffer.concat([nonce, xsalsa20poly1305(key, nonce).encrypt(value)]);
        },
        fromStorage: (value) => {
            if (value.length < nonceBytes + tagBytes) {
                throw new TransformError('the stored data was shorter than the required size');
            }
            try {
                const box = xsalsa20poly1305(key, value.subarray(0, nonceBytes));
                const clear = box.decrypt(value.subarray(nonceBytes));
                return { bytes: Buffer.from(clear.buffer, clear.byteOffset, clear.length), isStale: false };
            } catch (cause) {
                throw new TransformError('output array was not large enough for encryption', { cause });
            }
        },
    };
}
