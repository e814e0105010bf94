import { describe, expect, it } from '@jest/globals';
import { decodeContinue, encodeContinue } from './continue-token.ts';

const root = '/registry/pods/';

describe('continue tokens', () => {
    it('come back as they were, relative to their resource', () => {
        const token = { revision: 12, start: '/registry/pods/default/a\0' };
        expect(decodeContinue(encodeContinue(token, root), root)).toEqual(token);
    });

    it.each([
        ['not a token', 'continue key is not valid'],
        [Buffer.from('{"v":"other"}').toString('base64url'), 'does not recognize this encoded version'],
        [Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString('base64url'), 'incorrect encoded'],
        [Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}').toString('base64url'), 'invalid'],
    ])('that are forged are refused: %s', (text, message) => {
        expect(() => decodeContinue(text, root)).toThrow(message);
    });
});
