import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'resources.suite.ts': {
        'DeviceClasses can be created, read, changed and deleted': ['CRUD operations for deviceclasses'],
        'ResourceClaims can be created, read, changed, allocated and deleted': [
            'CRUD operations for resourceclaims',
        ],
        'ResourceClaimTemplates can be created, read, changed and deleted': [
            'CRUD operations for resourceclaimtemplates',
        ],
        'ResourceSlices can be created, read, changed and deleted': ['CRUD operations for resoureslices'],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
