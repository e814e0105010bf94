import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'kubectl.suite.ts': {
        'api-versions names v1': ['Kubectl, check version v1'],
        'describe tells of pods, controllers, Services, nodes and namespaces': [
            'Kubectl, describe pod or rc',
        ],
        'diff finds what a declared Deployment would change': ['Kubectl, diff Deployment'],
        'label sets a label, shows it, and takes it off': ['Kubectl, label update'],
        'patch annotates every pod of a ReplicationController': ['Kubectl, patch to annotate'],
        'replace changes the image of a pod': ['Kubectl, replace'],
        'a dry run on the server changes nothing': ['Kubectl, server-side dry-run Pod'],
        'version says which client and which server there are': ['Kubectl, version'],
        'proxy serves the API on a port that it chooses': ['Kubectl, proxy port zero'],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs containers that answer; creating and scaling are tested in kubectl.suite.ts': [
        'Kubectl, guestbook application',
        'Kubectl, replication controller',
        'Kubectl, scale replication controller',
    ],
};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
