import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'events.suite.ts': ['New Event resource lifecycle, testing a single event', 'Event, delete a collection'],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
