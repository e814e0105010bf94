import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areasIn, areasOf, behavioursOf, hasTest, readBehaviours } from './coverage.ts';

const here = import.meta.dirname;
const list = join(here, '../../../../shared/reference/conformance-v1.36.yaml');
const behaviours = await readBehaviours(list);
const areas = await areasIn(here);
const withList = behaviours === undefined ? it.skip : it;

describe.each(areas)('conformance of $area', ({ area, coverage: { covered, elsewhere, unbuilt } }) => {
    it('is claimed by tests that exist, and once for each behaviour', () => {
        const files = new Map<string, string>();
        const textOf = (file: string): string => {
            const path = join(here, area, file);
            if (!files.has(file)) files.set(file, existsSync(path) ? readFileSync(path, 'utf8') : '');
            return files.get(file) ?? '';
        };
        const missing = Object.values(covered).filter(({ file, title }) => !hasTest(textOf(file), title));
        expect(missing).toEqual([]);
        const names = [covered, elsewhere, unbuilt].flatMap(Object.keys);
        expect(names).toEqual([...new Set(names)]);
    });

    it('is not claimed where it is not built', () => {
        expect(Object.values(elsewhere).filter((reason) => !reason.startsWith('needs '))).toEqual([]);
        expect(Object.values(unbuilt).filter((reason) => !reason.startsWith('not built: '))).toEqual([]);
    });

    withList('leaves out no behaviour of the suite, and makes none up', () => {
        const demanded = behavioursOf(area, behaviours ?? []).map(({ testname }) => testname);
        const named = [covered, elsewhere, unbuilt].flatMap(Object.keys);
        expect(demanded.filter((name) => !named.includes(name))).toEqual([]);
        const all = new Set(behaviours?.map(({ testname }) => testname));
        expect(named.filter((name) => !all.has(name))).toEqual([]);
    });
});

withList('no area of the suite is left out', () => {
    expect(areas.map(({ area }) => area).sort()).toEqual(areasOf(behaviours ?? []));
});

it('a title that is nowhere a test is noticed', () => {
    const text = "it('a', () => {});\nit.each(cases)(\n    'b %s',\n    () => {});\n// c";
    expect(['a', 'b %s', 'c', ''].map((title) => hasTest(text, title))).toEqual([true, true, false, false]);
});
