import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'kubectl.suite.ts': [
        'Kubectl, check version v1',
        'Kubectl, describe pod or rc',
        'Kubectl, diff Deployment',
        'Kubectl, label update',
        'Kubectl, patch to annotate',
        'Kubectl, replace',
        'Kubectl, server-side dry-run Pod',
        'Kubectl, version',
        'Kubectl, proxy port zero',
    ],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs containers that answer; creating and scaling are tested in kubectl.suite.ts': [
        'Kubectl, guestbook application',
        'Kubectl, replication controller',
        'Kubectl, scale replication controller',
    ],
};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
