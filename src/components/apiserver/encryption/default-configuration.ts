import { randomBytes } from 'node:crypto';

/**
 * A configuration with a fresh key, under which Secrets are encrypted: what a cluster has that was not given one.
 * Secretbox, because nobody exchanges the key by themselves: its long nonces allow any number of writes, where
 * AES-GCM's would have to be counted. What is there in clear stays readable.
 */
export function defaultConfiguration(): string {
    const key = randomBytes(32).toString('base64');
    return [
        '# Encryption of Secrets in the store. Keep a copy: without the key a snapshot is of no use.',
        '# All masters need the same file; changes are taken over while they run.',
        'apiVersion: apiserver.config.k8s.io/v1',
        'kind: EncryptionConfiguration',
        'resources:',
        '  - resources:',
        '      - secrets',
        '    providers:',
        '      - secretbox:',
        '          keys:',
        `            - name: key-${randomBytes(4).toString('hex')}`,
        `              secret: ${key}`,
        '      - identity: {}',
        '',
    ].join('\n');
}
