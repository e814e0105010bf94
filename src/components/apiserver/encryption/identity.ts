import { encryptedPrefix, startsWith, TransformError, type ValueTransformer } from './transformer.ts';

/** Values in clear. Refuses to hand out what is encrypted. */
export const identity: ValueTransformer = {
    toStorage: (value) => value,
    fromStorage: (value) => {
        if (startsWith(value, encryptedPrefix)) {
            throw new TransformError('identity transformer tried to read encrypted data');
        }
        return { bytes: value, isStale: false };
    },
};
