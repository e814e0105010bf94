import { bodies } from './bodies.ts';
import { collections } from './collections.ts';
import { deletions } from './deletions.ts';
import { encodings } from './encodings.ts';
import { identities } from './identities.ts';
import { metadata } from './metadata.ts';
import { names } from './names.ts';
import { negotiation } from './negotiation.ts';
import { patches } from './patches.ts';
import { paths } from './paths.ts';
import { subresources } from './subresources.ts';
import { changes } from './validation-changes.ts';
import { clusterKinds } from './validation-cluster.ts';
import { networkKinds } from './validation-network.ts';
import { podRows } from './validation-pod.ts';
import { policyKinds } from './validation-policy.ts';
import { workloadKinds } from './validation-workloads.ts';
import { writeOptions } from './write-options.ts';
import type { WrongRequest } from './wrong-request.ts';

/** All tables. They are made when they are run: some bodies are large. */
export const themes: Readonly<Record<string, () => WrongRequest[]>> = {
    'bodies: types, unknown and duplicate fields, sizes, numbers': bodies,
    'bodies: encodings': encodings,
    'paths and methods': paths,
    'names and namespaces': names,
    metadata: metadata,
    'lists and watches: selectors, revisions, pages': collections,
    'options of writes': writeOptions,
    patches,
    deletions,
    'content negotiation': negotiation,
    'credentials and impersonation': identities,
    subresources,
    pods: podRows,
    workloads: workloadKinds,
    'services and networks': networkKinds,
    'storage, nodes and other kinds': clusterKinds,
    'access, admission and flow control': policyKinds,
    'what may not change': changes,
};
