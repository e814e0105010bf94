import { describe, expect, it } from '@jest/globals';
import { statusPatch } from './status-patch.ts';

describe('statusPatch', () => {
    it('is nothing when nothing changed', () => {
        const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
        expect(statusPatch('u', status, structuredClone(status))).toBeUndefined();
    });

    it('sends changed fields, removes missing ones, and leaves conditions of others alone', () => {
        const from = {
            phase: 'Pending',
            message: 'old',
            conditions: [
                { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
                { type: 'mine.example.com', status: 'True' },
            ],
        };
        const to = {
            phase: 'Running',
            conditions: [
                { type: 'Ready', status: 'True' },
                { type: 'mine.example.com', status: 'False' },
            ],
        };
        expect(statusPatch('u', from, to)).toEqual({
            metadata: { uid: 'u' },
            status: {
                phase: 'Running',
                message: null,
                conditions: [{ type: 'Ready', status: 'True', reason: null }],
            },
        });
    });
});
