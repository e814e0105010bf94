import type { V1ComponentStatus } from '../../meta/object.ts';
import { column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { items } from '../validation/basic.ts';

function health({ conditions }: V1ComponentStatus) {
    return items(conditions).find(({ type }) => type === 'Healthy');
}

export const componentStatusStrategy: Strategy<V1ComponentStatus> = {
    deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
    columns: [
        nameColumn,
        column('Status', (status) => {
            const condition = health(status);
            if (condition === undefined) return 'Unknown';
            return condition.status === 'True' ? 'Healthy' : 'Unhealthy';
        }),
        column('Message', (status) => health(status)?.message ?? ''),
        column('Error', (status) => health(status)?.error ?? ''),
    ],
};
