import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'events.suite.ts': {
        'an event can be created, listed, patched, updated with a series and deleted': [
            'New Event resource lifecycle, testing a single event',
        ],
        'a collection of events of the core group goes by its label': ['Event, delete a collection'],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
