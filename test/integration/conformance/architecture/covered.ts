import { byName, type Coverage } from '../coverage.ts';

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a cluster of two nodes, which is for who starts the suite to give': [
        'Conformance tests minimum number of nodes.',
    ],
};

const coverage: Coverage = { covered: {}, elsewhere: byName(needs), unbuilt: {} };

export default coverage;
