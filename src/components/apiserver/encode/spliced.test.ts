import { describe, expect, it } from '@jest/globals';
import { column, nameColumn } from '../../../api/groups/columns.ts';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { ApiObject, V1ObjectMeta } from '../../../api/meta/object.ts';
import type { ListResult } from '../request.ts';
import { StoredObject } from '../stored-object.ts';
import { encodeList, encodeObject } from './encode-result.ts';
import { findMetadata } from './metadata-span.ts';
import type { Media, Shape } from './negotiate.ts';
import { metaVersionOf, partialOf, tableOf } from './table.ts';

const nowMs = Date.parse('2026-01-02T00:00:00Z');
const definition = {
    ...{ group: '', version: 'v1', kind: 'Thing', listKind: 'ThingList', plural: 'things' },
    strategy: {
        columns: [
            nameColumn,
            column('Note', ({ metadata }) => metadata?.annotations?.['note'] ?? ''),
            column('Nothing', () => null),
        ],
    },
} as unknown as ResourceDefinition;

const shapes: Shape[] = [
    { type: 'partial', version: 'v1' },
    { type: 'partial', version: 'v1beta1' },
    ...(['None', 'Metadata', 'Object'] as const).map((includeObject): Shape => ({
        type: 'table',
        version: 'v1',
        includeObject,
    })),
];
const mediaOf = (shape: Shape): Media => ({ serializer: 'json', isPretty: false, shape });

/** What the encoding of parsed objects gives. */
function slowList({ items, resourceVersion }: ListResult, shape: Shape): object {
    const metadata = { resourceVersion };
    switch (shape.type) {
        case 'object':
            return {
                kind: 'ThingList',
                apiVersion: 'v1',
                metadata,
                items: items.map(({ object }) => object),
            };
        case 'partial': {
            const { version } = shape;
            const parts = items.map((item) => partialOf(item, version));
            return {
                kind: 'PartialObjectMetadataList',
                apiVersion: metaVersionOf(version),
                metadata,
                items: parts,
            };
        }
        case 'table':
            return tableOf(definition, items, { ...shape, metadata, nowMs, withColumns: true });
    }
}

function slowObject(object: StoredObject, shape: Shape): object {
    switch (shape.type) {
        case 'object':
            return object.object;
        case 'partial':
            return partialOf(object, shape.version);
        case 'table': {
            const metadata = { resourceVersion: object.metadata.resourceVersion };
            return tableOf(definition, [object], { ...shape, metadata, nowMs, withColumns: true });
        }
    }
}

async function fastList(list: ListResult, shape: Shape): Promise<string> {
    return Buffer.concat(await encodeList(list, mediaOf(shape), nowMs)).toString();
}

async function fastObject(object: StoredObject, shape: Shape): Promise<string> {
    return Buffer.concat(await encodeObject(object, definition, mediaOf(shape), nowMs)).toString();
}

/** The same numbers each time. */
function randomFrom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
}

const words = [
    ...['a', '', 'metadata', 'labels', 'resourceVersion', '"metadata":{', '","metadata":{"name":"x"},"a":"'],
    ...[
        '\\',
        '\\"',
        '}',
        ']}',
        '{"',
        '\n\t\u0000',
        'ä',
        '日本',
        '😀',
        '\ud800',
        '\u2028',
        '</script>',
        '1',
        '0',
    ],
    ...['__proto__', 'constructor', 'managedFields', ',"labels":{"x":"y"}'],
];

class Maker {
    readonly #random: (below: number) => number;

    constructor(seed: number) {
        this.#random = randomFrom(seed);
    }

    word(): string {
        const count = 1 + this.#random(3);
        return Array.from({ length: count }, () => words[this.#random(words.length)]).join('');
    }

    #isTrue(): boolean {
        return this.#random(2) === 0;
    }

    value(depth: number): unknown {
        switch (this.#random(depth > 3 ? 5 : 7)) {
            case 0:
                return this.#random(1000) - 500;
            case 1:
                return this.#random(1000) / 7;
            case 2:
                return this.#isTrue();
            case 3:
                return null;
            case 4:
                return this.word();
            case 5:
                return Array.from({ length: this.#random(3) }, () => this.value(depth + 1));
            default:
                return this.map(() => this.value(depth + 1));
        }
    }

    map<T>(value: () => T): Record<string, T> {
        return Object.fromEntries(Array.from({ length: this.#random(4) }, () => [this.word(), value()]));
    }

    metadata(name: string): V1ObjectMeta {
        const members: [string, unknown][] = [
            ['name', name],
            ['namespace', this.word()],
            ['generation', this.#random(9)],
            ['labels', this.map(() => this.word())],
            ['annotations', { ...this.map(() => this.word()), note: this.word() }],
            ['finalizers', [this.word()]],
            ['unknown', this.value(0)],
            [
                'managedFields',
                [
                    {
                        manager: this.word(),
                        fieldsType: 'FieldsV1',
                        fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, [`f:${this.word()}`]: {} } } },
                    },
                ],
            ],
        ];
        const kept = members.filter(([key]) => key === 'name' || this.#isTrue());
        return Object.fromEntries(kept.sort(() => this.#random(3) - 1));
    }

    object(name: string): ApiObject {
        const rest = this.map(() => this.value(0));
        return {
            ...{ kind: `K${this.word()}`, apiVersion: `v1${this.word()}` },
            metadata: this.metadata(name),
            ...{ spec: { metadata: { labels: { a: 'b' } }, rest }, status: this.value(0) },
        };
    }
}

function read(bytes: Buffer, revision: number): StoredObject {
    const kv = { key: '/registry/things/a', value: bytes, modRevision: revision };
    return StoredObject.fromStore({ ...kv, createRevision: 1, version: 1, lease: 0 });
}

const listOf = (items: StoredObject[]): ListResult => ({
    ...{ type: 'list', definition, items, resourceVersion: '77' },
});

describe('answers spliced from stored bytes', () => {
    it('are what parsed objects would be encoded as, for any object', async () => {
        const maker = new Maker(1);
        for (let i = 0; i < 300; i++) {
            const written = StoredObject.encode(`/registry/things/${i}`, maker.object(`n${i}`));
            if (i % 4 > 0) written.commit(i);
            const objects = [written, read(written.bytes, i + 1), written.withRevision(i + 2)];
            expect(findMetadata(written.bytes)).toBeDefined();
            for (const shape of shapes) {
                // The fast way first: it must not need what the slow one has parsed.
                const fast = await fastList(listOf(objects), shape);
                expect(fast).toBe(JSON.stringify(slowList(listOf(objects), shape)));
                for (const object of objects)
                    expect(await fastObject(object, shape)).toBe(JSON.stringify(slowObject(object, shape)));
            }
        }
    });

    it('have no items where there are none', async () => {
        for (const shape of shapes)
            expect(await fastList(listOf([]), shape)).toBe(JSON.stringify(slowList(listOf([]), shape)));
    });

    it.each([
        ['spaces', '{"kind":"T","apiVersion":"v1","metadata":{"name": "a"}}'],
        ['another order', '{"apiVersion":"v1","kind":"T","metadata":{"name":"a","labels":{"b":"c"}}}'],
        ['metadata behind the spec', '{"kind":"T","apiVersion":"v1","spec":{},"metadata":{"name":"a"}}'],
        ['a resourceVersion', '{"kind":"T","apiVersion":"v1","metadata":{"resourceVersion":"3","name":"a"}}'],
        ['an escaped name', '{"kind":"T","apiVersion":"v1","metadata":{"l\\u0061bels":{"b":"c"}}}'],
        ['empty metadata', '{"kind":"T","apiVersion":"v1","metadata":{}}'],
    ])('are made by parsing where the stored bytes have %s', async (_what, text) => {
        expect(findMetadata(Buffer.from(text))).toBeUndefined();
        for (const shape of shapes) {
            const object = read(Buffer.from(text), 9);
            expect(await fastObject(object, shape)).toBe(JSON.stringify(slowObject(object, shape)));
            expect(object.labels).toEqual(object.metadata.labels);
        }
    });
});

describe('the place of metadata in stored bytes', () => {
    it('is found in no beginning of an object', () => {
        const { bytes } = StoredObject.encode('k', new Maker(3).object('a'));
        const end = findMetadata(bytes)?.end ?? 0;
        expect(end).toBeGreaterThan(0);
        for (let length = 0; length <= end; length++)
            expect(findMetadata(bytes.subarray(0, length))).toBeUndefined();
    });
});

describe('labels of a stored object', () => {
    it('are those of the parsed one, and the same for all objects that have them', () => {
        const maker = new Maker(2);
        for (let i = 0; i < 300; i++) {
            const { bytes } = StoredObject.encode(`/registry/things/${i}`, maker.object(`n${i}`), i);
            const object = read(bytes, 5);
            const { labels } = object;
            expect(object.isParsed).toBe(false);
            const { metadata } = JSON.parse(bytes.toString()) as { metadata: V1ObjectMeta };
            expect(labels).toEqual(metadata.labels);
            expect(object.metadata.labels).toBe(labels);
            expect(read(bytes, 6).labels).toBe(labels);
        }
    });
});
