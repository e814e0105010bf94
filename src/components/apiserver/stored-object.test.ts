import { describe, expect, it } from '@jest/globals';
import { StoredObject } from './stored-object.ts';

const encode = (): StoredObject =>
    StoredObject.encode('/registry/configmaps/d/a', {
        metadata: { name: 'a', resourceVersion: '3' },
        kind: 'ConfigMap',
        apiVersion: 'v1',
    });

describe('a stored object', () => {
    it('keeps its resourceVersion out of the stored bytes and splices it into those on the wire', () => {
        const stored = encode();
        expect(stored.bytes.toString()).toBe(
            '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}',
        );
        stored.commit(7);
        const wire = Buffer.concat(stored.wireParts());
        expect(wire.toString()).toBe(
            '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a"}}',
        );
        expect(stored.wireLength).toBe(wire.length);
    });

    it('gives one frozen object, with its resourceVersion, whether it was written or read', () => {
        const written = encode().commit(7);
        const read = StoredObject.fromStore({
            key: written.key,
            value: written.bytes,
            modRevision: 7,
            createRevision: 7,
            version: 1,
            lease: 0,
        });
        expect(read.object).toEqual(written.object);
        expect(written.object).toBe(written.object);
        expect(Object.isFrozen(written.object.metadata)).toBe(true);
        expect(written.object.metadata.resourceVersion).toBe('7');
    });

    it('shows the state before a deletion under the revision of the deletion', () => {
        const stored = encode().commit(7);
        expect(stored.object.metadata.resourceVersion).toBe('7');
        const gone = stored.withRevision(9);
        expect(gone.object.metadata.resourceVersion).toBe('9');
        expect(stored.object.metadata.resourceVersion).toBe('7');
    });

    it('has no resourceVersion while it is not written', () => {
        expect(encode().object.metadata.resourceVersion).toBeUndefined();
    });
});
