import type { V1ServiceAccount } from '../../meta/object.ts';
import { ageColumn, countColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';

const enforceMountableSecrets = 'kubernetes.io/enforce-mountable-secrets';

export const serviceAccountStrategy: Strategy<V1ServiceAccount> = {
    warnings({ metadata }, old) {
        const isNew = old?.metadata?.annotations?.[enforceMountableSecrets] === undefined;
        return isNew && metadata?.annotations?.[enforceMountableSecrets] !== undefined
            ? [
                  `metadata.annotations[${enforceMountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
              ]
            : [];
    },
    columns: [
        nameColumn,
        countColumn<V1ServiceAccount>('Secrets', (account) => account.secrets?.length),
        ageColumn,
    ],
};
