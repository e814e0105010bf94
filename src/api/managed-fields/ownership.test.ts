import { describe, expect, it } from '@jest/globals';
import { capManagers } from './cap-managers.ts';
import { compare } from './compare.ts';
import { ConflictsError } from './conflicts.ts';
import { extractSet } from './extract-set.ts';
import { type FieldSchema, listSchema, mapSchema, untyped } from './field-schema.ts';
import { emptySet, type FieldSet, pathsOf, setOf } from './field-set.ts';
import { type Managers, type Operation } from './managed.ts';
import { merge } from './merge.ts';
import { formatPath } from './path-element.ts';
import { removeItems } from './remove-items.ts';
import { applyOwnership, updateOwnership, type WriteRules } from './updater.ts';
import { joinErrors, validateConfiguration } from './validate.ts';

const text: FieldSchema = { kind: 'scalar', type: 'string' };
const number: FieldSchema = { kind: 'scalar', type: 'numeric' };
const port = mapSchema({
    fields: { port: { schema: number }, protocol: { schema: text, default: 'TCP' }, name: { schema: text } },
});
const item = mapSchema({
    fields: {
        name: { schema: text },
        value: { schema: number },
        ports: { schema: listSchema(port, 'map', ['port', 'protocol']) },
        tags: { schema: listSchema(text, 'set') },
    },
});
const fields = {
    string: { schema: text },
    numeric: { schema: number },
    items: { schema: listSchema(item, 'map', ['name']) },
    set: { schema: listSchema(text, 'set') },
    atomicList: { schema: listSchema(text) },
    atomicMap: { schema: mapSchema({ atomic: true, element: text }) },
    labels: { schema: mapSchema({ element: text }) },
    struct: { schema: mapSchema({ fields: { a: { schema: text }, b: { schema: text } } }) },
    free: { schema: untyped },
};
const schema = mapSchema({ fields });

/** "v2" calls `string` "text"; "gone" is not served. */
const schemaV2 = mapSchema({ fields: { ...fields, text: { schema: text } } });
function rename(object: object, from: string, to: string): object {
    return Object.fromEntries(Object.entries(object).map(([key, v]) => [key === from ? to : key, v]));
}
const rules: WriteRules = {
    typing: {
        schemaOf: (version) => (version === 'v1' ? schema : version === 'v2' ? schemaV2 : undefined),
        convert: (object, version) =>
            version === 'v1'
                ? rename(object, 'text', 'string')
                : version === 'v2'
                  ? rename(object, 'string', 'text')
                  : undefined,
    },
    filter: (set) => set,
};

const show = (set: FieldSet): string[] => pathsOf(set).map(formatPath);

describe('extractSet', () => {
    const cases: [string, object, string[]][] = [
        ['scalars', { string: 'a', numeric: 1 }, ['.string', '.numeric']],
        ['null', { string: null }, ['.string']],
        [
            'items by key',
            { items: [{ name: 'a', value: 1 }] },
            ['.items[name="a"]', '.items[name="a"].name', '.items[name="a"].value'],
        ],
        [
            'defaulted keys',
            { items: [{ name: 'a', ports: [{ port: 1 }, { port: 1, protocol: 'UDP' }] }] },
            [
                '.items[name="a"]',
                '.items[name="a"].name',
                '.items[name="a"].ports[port=1,protocol="TCP"]',
                '.items[name="a"].ports[port=1,protocol="UDP"]',
                '.items[name="a"].ports[port=1,protocol="TCP"].port',
                '.items[name="a"].ports[port=1,protocol="UDP"].port',
                '.items[name="a"].ports[port=1,protocol="UDP"].protocol',
            ],
        ],
        ['members of a set', { set: ['a', 'b'] }, ['.set[="a"]', '.set[="b"]']],
        [
            'atomic values as a whole',
            { atomicList: ['a'], atomicMap: { a: 'b' } },
            ['.atomicList', '.atomicMap'],
        ],
        ['keys of maps', { labels: { a: 'b' } }, ['.labels.a']],
        ['empty maps and structs', { labels: {}, struct: {} }, ['.labels', '.struct']],
        ['nothing for an empty list', { items: [] }, []],
        [
            'members of untyped maps, and their lists as a whole',
            { free: { a: { b: 1 }, c: [1] } },
            ['.free.a', '.free.c', '.free.a.b'],
        ],
        ['duplicates as a whole', { set: ['a', 'a', 'b'] }, ['.set[="a"]', '.set[="b"]']],
    ];
    it.each(cases)('takes %s', (_, object, expected) => {
        expect(show(extractSet(schema, object)).sort()).toEqual([...expected].sort());
    });
});

describe('compare', () => {
    const cases: [string, object, object, { added?: string[]; modified?: string[]; removed?: string[] }][] = [
        ['nothing', { string: 'a', set: ['a'] }, { set: ['a'], string: 'a' }, {}],
        [
            'members with the names of what every object inherits',
            { labels: { toString: 'a' } },
            { labels: { constructor: 'a' } },
            { added: ['.labels.constructor'], removed: ['.labels.toString'] },
        ],
        [
            'a scalar',
            { string: 'a', numeric: 1 },
            { string: 'b', struct: { a: 'x' } },
            { modified: ['.string'], removed: ['.numeric'], added: ['.struct', '.struct.a'] },
        ],
        [
            'items whatever their order',
            { items: [{ name: 'a' }, { name: 'b', value: 1 }] },
            { items: [{ name: 'b', value: 2 }, { name: 'a' }] },
            { modified: ['.items[name="b"].value'] },
        ],
        [
            'members of sets',
            { set: ['a', 'b'] },
            { set: ['b', 'c'] },
            { added: ['.set[="c"]'], removed: ['.set[="a"]'] },
        ],
        [
            'atomic lists by order',
            { atomicList: ['a', 'b'] },
            { atomicList: ['b', 'a'] },
            { modified: ['.atomicList'] },
        ],
        ['null and empty', { labels: null }, { labels: {} }, { modified: ['.labels'] }],
        [
            'an explicit default key and an absent one',
            { items: [{ name: 'a', ports: [{ port: 1 }] }] },
            { items: [{ name: 'a', ports: [{ port: 1, protocol: 'TCP' }] }] },
            { added: ['.items[name="a"].ports[port=1,protocol="TCP"].protocol'] },
        ],
        [
            'duplicates that go',
            { set: ['a', 'a'] },
            { set: ['a'] },
            { added: ['.set[="a"]'], removed: ['.set[="a"]'] },
        ],
        ['duplicates that stay', { set: ['a', 'a'] }, { set: ['a', 'a'] }, {}],
        [
            'an untyped value that changes its kind',
            { free: { a: 1 } },
            { free: [1] },
            { modified: ['.free'], removed: ['.free.a'] },
        ],
    ];
    it.each(cases)('sees %s', (_, before, after, expected) => {
        const { added, modified, removed } = compare(schema, before, after);
        expect({ added: show(added), modified: show(modified), removed: show(removed) }).toEqual({
            ...{ added: [], modified: [], removed: [] },
            ...expected,
        });
    });

    it('takes a struct that is no pointer for present', () => {
        const plain = mapSchema({
            fields: { spec: { schema: mapSchema({ fields: { a: { schema: text } } }), zero: 'struct' } },
        });
        expect(show(compare(plain, {}, { spec: { a: 'x' } }).added)).toEqual(['.spec.a']);
    });
});

describe('merge', () => {
    const names = (...list: string[]): object => ({ items: list.map((name) => ({ name })) });
    const cases: [string, object, object, object][] = [
        [
            'scalars and maps',
            { string: 'a', labels: { x: '1' } },
            { string: 'b', labels: { y: '2' } },
            { string: 'b', labels: { x: '1', y: '2' } },
        ],
        ['new items behind', names('a', 'b'), names('c'), names('a', 'b', 'c')],
        [
            'shared items in the applied order',
            names('a', 'b', 'c'),
            names('c', 'x', 'a'),
            names('b', 'c', 'x', 'a'),
        ],
        [
            'items in the live order where it fits',
            names('1', '2', '3'),
            names('1', '4', '3'),
            names('1', '2', '4', '3'),
        ],
        [
            'fields of items',
            { items: [{ name: 'a', value: 1 }] },
            { items: [{ name: 'a', tags: ['t'] }] },
            { items: [{ name: 'a', value: 1, tags: ['t'] }] },
        ],
        ['sets', { set: ['a', 'b'] }, { set: ['c', 'a'] }, { set: ['c', 'a', 'b'] }],
        [
            'atomic values by replacing',
            { atomicList: ['a'], atomicMap: { a: 'a' } },
            { atomicList: ['b'], atomicMap: { b: 'b' } },
            { atomicList: ['b'], atomicMap: { b: 'b' } },
        ],
        [
            'live duplicates into one applied item',
            { set: ['a', 'a', 'b'] },
            { set: ['a'] },
            { set: ['a', 'b'] },
        ],
    ];
    it.each(cases)('merges %s', (_, live, applied, expected) => {
        expect(merge(schema, live, applied)).toEqual(expected);
    });

    it('ends with every item once, in the applied order, for any two lists', () => {
        const letters = ['a', 'b', 'c', 'd', 'e'];
        const subsets = Array.from({ length: 120 }, (_, seed) => {
            const chosen = letters.filter((_letter, i) => ((seed * 7 + 3) & (1 << i)) !== 0);
            const turn = seed % letters.length;
            const turned = [...chosen.slice(turn), ...chosen.slice(0, turn)];
            return seed % 2 === 0 ? turned : turned.reverse();
        });
        for (const live of subsets) {
            for (const applied of subsets) {
                const result = (merge(schema, { set: live }, { set: applied }) as { set: string[] }).set;
                expect([...result].sort()).toEqual([...new Set([...live, ...applied])].sort());
                expect(result.filter((x) => applied.includes(x))).toEqual(applied);
            }
        }
    });
});

describe('removeItems', () => {
    it.each<[string, object, string[][], object]>([
        ['a field', { string: 'a', numeric: 1 }, [['f:string']], { numeric: 1 }],
        [
            'an item',
            { items: [{ name: 'a' }, { name: 'b' }] },
            [['f:items', 'k:{"name":"a"}']],
            { items: [{ name: 'b' }] },
        ],
        [
            'a field of an item',
            { items: [{ name: 'a', value: 1 }] },
            [['f:items', 'k:{"name":"a"}', 'f:value']],
            { items: [{ name: 'a' }] },
        ],
        ['the last key of a map, which stays', { labels: { a: 'b' } }, [['f:labels', 'f:a']], { labels: {} }],
        [
            'nothing within atomic values',
            { atomicMap: { a: 'b' } },
            [['f:atomicMap', 'f:a']],
            { atomicMap: { a: 'b' } },
        ],
    ])('removes %s', (_, object, paths, expected) => {
        expect(removeItems(schema, object, setOf(...paths))).toEqual(expected);
    });
});

/** Runs appliers and updaters against one object; with a schema of its own, which may change, in one version. */
class Story {
    object: object = {};
    managers: Managers = new Map();
    schema: FieldSchema | undefined;
    #clock = 0;

    constructor(own?: FieldSchema) {
        this.schema = own;
    }

    get #rules(): WriteRules {
        const { schema: own } = this;
        if (own === undefined) return rules;
        return { ...rules, typing: { schemaOf: () => own, convert: (object) => object } };
    }

    apply(manager: string, applied: object, { force = false, version = 'v1' } = {}): this {
        const self = this.#self(manager, 'Apply', version);
        const live = version === 'v1' ? this.object : rename(this.object, 'string', 'text');
        const effect = applyOwnership(this.#rules, {
            managers: this.managers,
            live,
            applied,
            self,
            force,
            now: this.#now(),
        });
        this.managers = effect.managers;
        this.object = rename(effect.object ?? live, 'text', 'string');
        return this;
    }

    update(manager: string, next: object): this {
        const self = this.#self(manager, 'Update', 'v1');
        this.managers = updateOwnership(this.#rules, {
            managers: this.managers,
            live: this.object,
            next,
            self,
            now: this.#now(),
        });
        this.object = next;
        return this;
    }

    conflicts(manager: string, applied: object): string[] {
        try {
            this.apply(manager, applied);
        } catch (error) {
            if (!(error instanceof ConflictsError)) throw error;
            return error.conflicts.flatMap(({ manager: other, set }) =>
                show(set).map((path) => `${other.manager} ${path}`),
            );
        }
        return [];
    }

    get owners(): Record<string, string[]> {
        return Object.fromEntries(
            [...this.managers.values()].map(({ manager, set }) => [manager, show(set)]),
        );
    }

    #now(): string {
        return `2026-01-01T00:00:${String(this.#clock++).padStart(2, '0')}Z`;
    }

    #self(manager: string, operation: Operation, apiVersion: string) {
        return { manager, operation, apiVersion, subresource: '' };
    }
}

describe('ownership', () => {
    it('lets two appliers share a value, and removes it with the last of them', () => {
        const story = new Story()
            .apply('one', { string: 'a', labels: { x: '1' } })
            .apply('two', { string: 'a' });
        expect(story.owners).toEqual({ one: ['.string', '.labels.x'], two: ['.string'] });
        story.apply('one', {});
        expect(story.object).toEqual({ string: 'a' });
        story.apply('two', {});
        expect(story.object).toEqual({});
    });

    it('refuses to change what another has, and moves it by force', () => {
        const story = new Story().apply('one', { string: 'a', items: [{ name: 'x', value: 1 }] });
        const wanted = { string: 'b', items: [{ name: 'x', value: 2 }] };
        expect(story.conflicts('two', wanted)).toEqual(['one .string', 'one .items[name="x"].value']);
        story.apply('two', wanted, { force: true });
        expect(story.object).toEqual(wanted);
        expect(story.owners['one']).toEqual(['.items[name="x"]', '.items[name="x"].name']);
    });

    it('keeps a list item that another applier has too, without the fields of the first', () => {
        const story = new Story()
            .apply('one', { items: [{ name: 'x', value: 1 }] })
            .apply('two', { items: [{ name: 'x', tags: ['t'] }] })
            .apply('one', {});
        expect(story.object).toEqual({ items: [{ name: 'x', tags: ['t'] }] });
    });

    it('keeps a struct of which somebody else has a part', () => {
        const story = new Story()
            .apply('one', { struct: { a: '1' } })
            .apply('two', { struct: { b: '2' } })
            .apply('one', {});
        expect(story.object).toEqual({ struct: { b: '2' } });
    });

    it('leaves what an updater has put into an applied item until the item goes', () => {
        const story = new Story().apply('one', { items: [{ name: 'x' }, { name: 'y' }] });
        story.update('ctl', { items: [{ name: 'x', value: 5 }, { name: 'y' }] });
        expect(story.owners['ctl']).toEqual(['.items[name="x"].value']);
        story.apply('one', { items: [{ name: 'y' }] });
        expect(story.object).toEqual({ items: [{ name: 'y' }] });
        expect(Object.keys(story.owners)).toEqual(['one']);
    });

    it('takes from appliers what an update changes, and gives up what it removes', () => {
        const story = new Story().apply('one', { string: 'a', numeric: 1, set: ['x', 'y'] });
        story.update('ctl', { string: 'b', set: ['x'] });
        expect(story.owners).toEqual({ one: ['.set[="x"]'], ctl: ['.string'] });
        expect(story.conflicts('one', { string: 'a' })).toEqual(['ctl .string']);
    });

    it('has one owner of an atomic value', () => {
        const story = new Story().apply('one', { atomicMap: { a: '1' } });
        expect(story.conflicts('two', { atomicMap: { b: '2' } })).toEqual(['one .atomicMap']);
    });

    it('removes members of sets and keys of maps that are applied no longer', () => {
        const story = new Story()
            .apply('one', { set: ['a', 'b'], labels: { a: '1', b: '2' } })
            .apply('two', { set: ['c', 'b'] })
            .apply('one', { set: ['a'], labels: { b: '2' } });
        expect(story.object).toEqual({ set: ['a', 'c', 'b'], labels: { b: '2' } });
    });

    it('follows an applier into another version', () => {
        const story = new Story().apply('one', { string: 'a', numeric: 1 });
        story.apply('one', { text: 'a' }, { version: 'v2' });
        expect(story.object).toEqual({ string: 'a' });
        expect(story.owners).toEqual({ one: ['.text'] });
        expect(story.conflicts('two', { string: 'b' })).toEqual(['one .text']);
    });

    it('forgets managers of a version that is gone', () => {
        const story = new Story().apply('one', { string: 'a' });
        const [id, manager] = [...story.managers][0]!;
        story.managers = new Map([[id, { ...manager, apiVersion: 'gone' }]]);
        story.update('ctl', { string: 'b' });
        expect(Object.keys(story.owners)).toEqual(['ctl']);
    });

    describe('when a type changes', () => {
        const parts = { a: { schema: text }, b: { schema: text } };
        const item = mapSchema({ fields: { name: { schema: text }, value: { schema: text } } });
        const typeOf = (isAtomic: boolean): FieldSchema =>
            mapSchema({
                fields: {
                    struct: { schema: mapSchema({ atomic: isAtomic, fields: parts }) },
                    map: { schema: mapSchema({ atomic: isAtomic, element: text }) },
                    list: { schema: isAtomic ? listSchema(item) : listSchema(item, 'map', ['name']) },
                    set: { schema: listSchema(text, isAtomic ? 'atomic' : 'set') },
                },
            });
        const [atomic, granular] = [typeOf(true), typeOf(false)];

        it('from parts to a whole, owners of parts own the whole, and conflict over it', () => {
            const story = new Story(granular)
                .apply('one', { struct: { a: '1' }, map: { x: '1' }, list: [{ name: 'x' }], set: ['x'] })
                .apply('two', { struct: { b: '1' }, map: { y: '1' } });
            story.schema = atomic;
            expect(story.conflicts('three', { struct: { b: '2' } })).toEqual(['one .struct', 'two .struct']);
            expect(story.conflicts('three', { set: ['y'] })).toEqual(['one .set']);
            story.apply('three', { struct: { b: '2' } }, { force: true });
            expect(story.object).toMatchObject({ struct: { b: '2' }, map: { x: '1', y: '1' } });
            expect(story.owners).toEqual({
                one: ['.list', '.map', '.set'],
                two: ['.map'],
                three: ['.struct'],
            });
        });

        it('does not count who has lost all parts', () => {
            const story = new Story(granular)
                .apply('one', { struct: { a: '1' } })
                .apply('two', { struct: { a: '2' } }, { force: true });
            story.schema = atomic;
            expect(story.conflicts('three', { struct: { b: 'x' } })).toEqual(['two .struct']);
        });

        it('from a whole to parts, the owner of the whole owns every part that is there', () => {
            const story = new Story(atomic).apply('one', {
                struct: { a: '1', b: 'a' },
                map: { x: '1' },
                list: [{ name: 'x', value: '1' }],
                set: ['x'],
            });
            expect(story.conflicts('two', { struct: { b: 'b' } })).toEqual(['one .struct']);
            story.schema = granular;
            expect(story.conflicts('two', { struct: { b: 'b' } })).toEqual(['one .struct.b']);
            expect(story.conflicts('two', { list: [{ name: 'x', value: '2' }] })).toEqual([
                'one .list[name="x"].value',
            ]);
            expect(story.conflicts('two', { map: { y: '1' }, set: ['y'] })).toEqual([]);
            story.apply('two', { struct: { b: 'b' } }, { force: true });
            expect(story.object).toMatchObject({ struct: { a: '1', b: 'b' }, set: ['x'] });
            expect(story.owners).toMatchObject({
                one: expect.arrayContaining(['.struct', '.struct.a', '.map.x', '.set[="x"]']),
                two: ['.struct.b'],
            });
            expect(story.owners['one']).not.toContain('.struct.b');
        });

        it('there and back, an update by somebody else takes nothing but what it changes', () => {
            const story = new Story(granular).apply('one', { struct: { a: '1', b: '1' }, set: ['x', 'y'] });
            for (const schema of [atomic, granular]) {
                story.schema = schema;
                story.update('ctl', { ...story.object, map: { [schema === atomic ? 'x' : 'y']: '1' } });
            }
            expect(story.owners['one']).toEqual(
                expect.arrayContaining(['.struct.a', '.struct.b', '.set[="x"]', '.set[="y"]']),
            );
            expect(story.apply('one', { set: ['x'] }).object).toMatchObject({ set: ['x'] });
            expect(story.object).not.toHaveProperty('struct.a');
        });
    });

    it('moves the time of a manager when it changes something, not when it removes or changes nothing', () => {
        const story = new Story().update('ctl', { string: 'a', numeric: 1 });
        const time = (): string | undefined => [...story.managers.values()][0]?.time;
        const first = time();
        const before = story.managers;
        story.update('ctl', { string: 'a', numeric: 1 });
        expect(story.managers).toBe(before);
        story.update('ctl', { string: 'a' });
        expect([time(), story.owners]).toEqual([first, { ctl: ['.string'] }]);
        story.update('ctl', { string: 'b' });
        expect(time()).not.toEqual(first);
    });

    it('merges the oldest of too many updaters of one version', () => {
        const story = new Story();
        for (let i = 0; i < 5; i++)
            story.update(`m${i}`, {
                ...story.object,
                labels: { ...(story.object as { labels?: object }).labels, [`l${i}`]: '1' },
            });
        const capped = capManagers(story.managers, 3);
        const owners = [...capped.values()].map(({ manager, set }) => [manager, show(set)]);
        expect(Object.fromEntries(owners)).toEqual({
            'ancient-changes': ['.labels', '.labels.l0', '.labels.l1', '.labels.l2'],
            m3: ['.labels.l3'],
            m4: ['.labels.l4'],
        });
    });
});

describe('validateConfiguration', () => {
    it.each<[object, string]>([
        [{ foo: 1 }, '.foo: field not declared in schema'],
        [
            { items: [{ value: 1 }] },
            '.items: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
        ],
        [{ items: [{ name: 'a' }, { name: 'a' }] }, '.items: duplicate entries for key [name="a"]'],
        [{ set: ['a', 'a'] }, '.set: duplicate entries for key [="a"]'],
        [{ numeric: 'x' }, '.numeric: expected numeric (int or float), got string'],
        [{ items: { a: 1 } }, '.items: expected list, got &{{"a":1}}'],
        [
            { foo: 1, bar: 2 },
            'errors:\n  .foo: field not declared in schema\n  .bar: field not declared in schema',
        ],
    ])('%j: %s', (object, message) => {
        expect(joinErrors(validateConfiguration(schema, object))).toBe(message);
    });

    it('finds nothing wrong with what is right', () => {
        expect(
            validateConfiguration(schema, {
                string: null,
                items: [{ name: 'a', ports: [{ port: 1 }] }],
                free: { x: [1] },
            }),
        ).toEqual([]);
        expect(extractSet(schema, {})).toBe(emptySet);
    });
});
