import type { V1ServiceAccount } from '../../meta/object.ts';
import { ageColumn, integerColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';

export const serviceAccountStrategy: Strategy<V1ServiceAccount> = {
    columns: [
        nameColumn,
        integerColumn<V1ServiceAccount>('Secrets', (account) => account.secrets?.length),
        ageColumn,
    ],
};
