import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'resources.suite.ts': [
        'CRUD operations for deviceclasses',
        'CRUD operations for resourceclaims',
        'CRUD operations for resourceclaimtemplates',
        'CRUD operations for resoureslices',
    ],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
