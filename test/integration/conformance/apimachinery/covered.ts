import type { Coverage } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'watch.test.ts': [
        'watch-configmaps-closed-and-restarted',
        'watch-configmaps-from-resource-version',
        'watch-configmaps-label-changed',
        'watch-consistency',
    ],
};

const coverage: Coverage = {
    covered: Object.fromEntries(
        Object.entries(files).flatMap(([file, names]) => names.map((name) => [name, file])),
    ),
    elsewhere: {},
};

export default coverage;
