import type { HealthCheck } from '../extensions.ts';
import type { EncryptingStore } from './encrypting-store.ts';

const probe = Buffer.from('{"probe":true}');
const context = Buffer.from('/registry/probe');

/** Every rule writes what it can read again: upstream's name for the check of what encrypts. */
export function roundTripCheck(store: EncryptingStore): HealthCheck {
    return {
        name: 'kms-providers',
        check: () => {
            for (const transformer of store.transformers.all()) {
                const { bytes } = transformer.fromStorage(transformer.toStorage(probe, context), context);
                if (!bytes.equals(probe)) return 'what was encrypted is not what is decrypted';
            }
            return undefined;
        },
    };
}
