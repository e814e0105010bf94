import { describe, expect, it } from '@jest/globals';
import { decodeFields } from '../../../api/managed-fields/fields-v1.ts';
import type { ApiObject } from '../../../api/meta/object.ts';
import { objectText } from './object-text.ts';

const managedFields = [
    { manager: 'm', time: undefined, fieldsV1: decodeFields({ 'f:a': { '.': {}, 'f:"ä': {} } }) },
    { manager: 'n', fieldsV1: { 'not:a set': 1 } },
    { manager: 'o', fieldsV1: null },
];
const objects: Record<string, object> = {
    'all of it': {
        ...{ kind: 'T', apiVersion: 'v1' },
        metadata: { name: 'a', labels: { b: 'c"' }, managedFields, uid: undefined, x: null },
        ...{ spec: { metadata: { labels: { d: 'e' } } }, status: undefined },
    },
    'nothing besides metadata': { kind: 'T', apiVersion: 'v1', metadata: { name: 'a' } },
    'no kind': { apiVersion: 'v1', metadata: { name: 'a' }, spec: 1 },
    'neither kind nor version': { metadata: { name: 'a' }, spec: [] },
    'managedFields that are no list': { kind: 'T', apiVersion: 'v1', metadata: { managedFields: {} } },
    'entries that are no maps': {
        kind: 'T',
        apiVersion: 'v1',
        metadata: { managedFields: [null, 1, [2]] },
        a: '😀',
    },
    'a time that is an object': { kind: 'T', apiVersion: 'v1', metadata: { name: new Date(0) } },
};

describe('the text of an object', () => {
    it.each(Object.entries(objects))('is what JSON.stringify gives, of one with %s', (_what, value) => {
        const object = value as ApiObject;
        const { text, metadataStart, metadataEnd, labels } = objectText(object);
        expect(text).toBe(JSON.stringify(object));
        expect(text.slice(metadataStart, metadataEnd)).toBe(JSON.stringify(object.metadata));
        expect(labels).toBe(object.metadata?.labels && JSON.stringify(object.metadata.labels));
    });
});
