import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { areasIn, behavioursOf, readBehaviours } from './coverage.ts';

const here = import.meta.dirname;
const list = join(here, '../../../../shared/reference/conformance-v1.36.yaml');
const behaviours = await readBehaviours(list);
const areas = await areasIn(here);

describe.each(areas)('conformance of $area', ({ area, coverage: { covered, elsewhere } }) => {
    it('is claimed by files that exist, and once for each behaviour', () => {
        const missing = Object.values(covered).filter((file) => !existsSync(join(here, area, file)));
        expect(missing).toEqual([]);
        expect(Object.keys(elsewhere).filter((name) => name in covered)).toEqual([]);
    });

    (behaviours === undefined ? it.skip : it)('leaves out no behaviour of the suite', () => {
        const demanded = behavioursOf(area, behaviours ?? []);
        const names = demanded.map(({ testname }) => testname);
        expect(names.filter((name) => !(name in covered) && !(name in elsewhere))).toEqual([]);
    });
});
