import { expect, it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';

const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';

interface Table {
    kind: string;
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[] }[];
}

/** Tables instead of objects, as the suite's table_conversion.go asks for them. */
export function tableConversion(cluster: Cluster): void {
    it('is refused with 406 for what is no stored object', async () => {
        const refusal = await cluster.refused(
            'POST',
            '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
            {
                body: {
                    spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } },
                },
                headers: { accept },
            },
        );
        expect(refusal).toMatchObject({ code: 406, reason: 'NotAcceptable' });
    });

    it('shows pods, and things without columns of their own, by name first', async () => {
        const namespace = await cluster.namespace('tables');
        const core = `/api/v1/namespaces/${namespace}`;
        const template = { spec: { containers: [{ name: 'a', image: 'b' }] } };
        await cluster.create(`${core}/podtemplates`, { metadata: { name: 'pod-1' }, template });
        for (const [path, columnsMin] of [
            [`${core}/podtemplates/pod-1`, 3],
            [`${core}/serviceaccounts`, 2],
        ] as const) {
            const table = await cluster.must<Table>('GET', path, { headers: { accept } });
            expect(table.kind).toBe('Table');
            expect(table.columnDefinitions.length).toBeGreaterThanOrEqual(columnsMin);
            expect(table.columnDefinitions[0]?.name).toBe('Name');
            for (const { cells } of table.rows) expect(cells).toHaveLength(table.columnDefinitions.length);
        }
    });
}
