import { describe, expect, it } from '@jest/globals';
import type { SwaggerDocument } from '../../../api/schema/openapi-v2.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { checkedJson } from './json-depth.ts';
import { mergeSwagger } from './merge-swagger.ts';
import { readSwagger } from './swagger.ts';

const kinds = 'x-kubernetes-group-version-kind';
const prefix = '/apis/fruits.example.com/v1/';

function target(definitions: SwaggerDocument['definitions']): SwaggerDocument {
    return {
        swagger: '2.0',
        info: { title: 'Kubernetes', version: '1' },
        paths: { '/version/': {} },
        definitions,
        parameters: {},
        securityDefinitions: {},
        security: [],
    };
}

/** A document whose one path refers to A, and A to what is given. */
function source(definitions: Record<string, object>): unknown {
    const get = { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/A' } } } };
    return { swagger: '2.0', paths: { [`${prefix}apples`]: { get } }, definitions };
}

describe('merging the Swagger document of an extension server', () => {
    it('keeps one definition for what differs in texts and kinds alone, with the kinds of both', () => {
        const own = {
            type: 'object',
            description: 'Here.',
            [kinds]: [{ group: '', version: 'v1', kind: 'A' }],
        };
        const other = {
            type: 'object',
            description: 'There.',
            [kinds]: [{ group: 'b', version: 'v1', kind: 'A' }],
        };
        const document = target({ A: own });
        mergeSwagger(document, readSwagger(source({ A: other }), prefix));
        expect(document.definitions).toEqual({ A: { ...own, [kinds]: [...own[kinds], ...other[kinds]] } });
        expect(own[kinds]).toHaveLength(1);
    });

    it('renames what differs, to the first free name, and everything that refers to it', () => {
        const document = target({ A: { type: 'object' }, A_v2: { type: 'integer' } });
        const recursive = { type: 'object', properties: { next: { $ref: '#/definitions/A' } } };
        mergeSwagger(document, readSwagger(source({ A: recursive }), prefix));
        expect(document.definitions).toEqual({
            A: { type: 'object' },
            A_v2: { type: 'integer' },
            A_v3: { type: 'object', properties: { next: { $ref: '#/definitions/A_v3' } } },
        });
        expect(JSON.stringify(document.paths)).toContain('"#/definitions/A_v3"');
        // The same again changes nothing: its path is there.
        const before = JSON.stringify(document);
        mergeSwagger(document, readSwagger(source({ A: recursive }), prefix));
        expect(JSON.stringify(document)).toBe(before);
    });

    it('takes nothing but the paths of the group version, and what is shaped as it should be', () => {
        const text =
            `{"swagger":"2.0","paths":{"${prefix}a":{"get":{"parameters":[7,{"name":1}],"responses":{"200":null},` +
            `"tags":"x","x-own":1}},"/apis/apps/v1/deployments":{},"/apis/fruits.example.com/v10/a":{}},` +
            `"definitions":{"__proto__":{"type":"object"}}}`;
        const { paths, definitions } = readSwagger(checkedJson(Buffer.from(text)), prefix);
        expect(Object.keys(paths)).toEqual([`${prefix}a`]);
        expect(paths[`${prefix}a`]?.['get']).toMatchObject({
            tags: [],
            parameters: [],
            responses: { 200: { description: '' } },
            'x-own': 1,
        });
        expect(Object.keys(definitions)).toEqual([]);
        expect(() => readSwagger([], prefix)).toThrow('no Swagger 2.0 document');
        expect(() => checkedJson(Buffer.from(`"${'['.repeat(2_000)}"`))).not.toThrow();
        expect(() => checkedJson(Buffer.from(`${'['.repeat(2_000)}${']'.repeat(2_000)}`))).toThrow('deeper');
    });
});

describe('documents that are kept', () => {
    it('are bounded by their bytes: the longest unused goes first', () => {
        const map = new ByteBoundedMap<{ gzip: Buffer }>(10);
        const bytes = (length: number): { gzip: Buffer } => ({ gzip: Buffer.alloc(length) });
        map.set('a', bytes(4));
        map.set('b', bytes(4));
        expect(map.get('a')).toBeDefined();
        map.set('c', bytes(4));
        expect(map.keys()).toEqual(['a', 'c']);
        map.set('a', bytes(1));
        map.set('d', bytes(5));
        expect(map.keys()).toEqual(['c', 'a', 'd']);
        map.set('e', bytes(11));
        expect(map.keys()).toEqual([]);
    });
});
