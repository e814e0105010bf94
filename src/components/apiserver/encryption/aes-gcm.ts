import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { TransformError, type ValueTransformer } from './transformer.ts';

const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-GCM under a key of 16, 24 or 32 bytes: nonce, ciphertext, tag. The store's key is authenticated with the
 * value, which therefore cannot be moved to another one. Nonces are random: upstream's advice is to change the key
 * every 200,000 writes.
 */
export function aesGcm(key: Buffer): ValueTransformer {
    const algorithm = algorithmFor(key);
    return {
        toStorage: (value, context) => {
            const nonce = randomBytes(nonceBytes);
            const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
            cipher.setAAD(context);
            return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
        },
        fromStorage: (value, context) => {
            if (value.length < nonceBytes + tagBytes) {
                throw new TransformError('the stored data was shorter than the required size');
            }
            const decipher = createDecipheriv(algorithm, key, value.subarray(0, nonceBytes), {
                authTagLength: tagBytes,
            });
            decipher.setAAD(context);
            decipher.setAuthTag(value.subarray(value.length - tagBytes));
            const sealed = value.subarray(nonceBytes, value.length - tagBytes);
            try {
                const bytes = Buffer.concat([decipher.update(sealed), decipher.final()]);
                return { bytes, isStale: false };
            } catch (cause) {
                throw new TransformError('cipher: message authentication failed', { cause });
            }
        },
    };
}

function algorithmFor(key: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
    if (key.length === 16) return 'aes-128-gcm';
    return key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}
