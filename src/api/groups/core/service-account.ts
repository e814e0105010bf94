import type { V1ServiceAccount } from '../../meta/object.ts';
import { ageColumn, countColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';

export const serviceAccountStrategy: Strategy<V1ServiceAccount> = {
    columns: [
        nameColumn,
        countColumn<V1ServiceAccount>('Secrets', (account) => account.secrets?.length),
        ageColumn,
    ],
};
