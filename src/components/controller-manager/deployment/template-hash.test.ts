import { describe, expect, it } from '@jest/globals';
import { podTemplateHash, safeEncode, sameTemplate } from './template-hash.ts';

const template = (image: string): object => ({
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image }] },
});

describe('the pod template hash', () => {
    it('depends on content, not on key order or on what is empty', () => {
        const a = podTemplateHash(template('nginx:1'), undefined);
        const b = podTemplateHash(
            {
                spec: { volumes: [], containers: [{ image: 'nginx:1', name: 'c' }] },
                metadata: { annotations: {}, labels: { app: 'web' } },
            },
            undefined,
        );
        expect(b).toBe(a);
        expect(podTemplateHash(template('nginx:2'), undefined)).not.toBe(a);
    });

    it('is another one after a collision', () => {
        const hashes = [undefined, 0, 1, 2].map((count) => podTemplateHash(template('nginx:1'), count));
        expect(new Set(hashes).size).toBe(4);
    });

    it('has only characters that are safe in names', () => {
        expect(safeEncode('0123456789')).toBe('456789bcdf');
        expect(podTemplateHash(template('x'), 7)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    });
});

describe('two templates', () => {
    it('are the same when only the hash label differs', () => {
        const a = { metadata: { labels: { app: 'web' } } };
        const b = { metadata: { labels: { app: 'web', 'pod-template-hash': 'abc' } } };
        expect(sameTemplate(a, b)).toBe(true);
        expect(sameTemplate(a, { metadata: { labels: { app: 'other' } } })).toBe(false);
    });
});
