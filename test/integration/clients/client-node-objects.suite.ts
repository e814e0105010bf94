import { describe, expect, it } from '@jest/globals';
import type { ApiException, KubeConfig, KubernetesObject, V1ConfigMap } from '@kubernetes/client-node';
import { eventually } from '../support/api-server.ts';
import { k8s } from '../../harness/client-node.mjs';

const namespace = 'default';

/** What the server answers to a call that must fail. */
export async function refused(
    call: Promise<unknown>,
): Promise<{ code: number; reason: string; message: string }> {
    const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
    );
    if (!(error instanceof k8s.ApiException)) throw new Error(`was not refused: ${String(error)}`);
    const { body } = error as ApiException<unknown>;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const { code, reason, message } = JSON.parse(text) as { code: number; reason: string; message: string };
    return { code, reason, message };
}

interface KiteSpec {
    length?: number | null;
    colour?: string;
    tails?: { name: string; knots?: number }[];
}
interface Kite extends KubernetesObject {
    spec?: KiteSpec;
    status?: { flies?: boolean };
}

/** The client for objects of any kind, and each way to patch them. */
export function objectsOfAnyKind(config: () => KubeConfig): void {
    describe('objects of any kind', () => {
        it('patches in each of the ways, server-side apply and its conflicts too', async () => {
            const objects = k8s.KubernetesObjectApi.makeApiClient(config());
            const metadata = { name: 'patched', namespace };
            const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
            const data = async (spec: object, strategy?: string, force?: boolean) =>
                (
                    await objects.patch<V1ConfigMap>(
                        { ...base, ...spec },
                        undefined,
                        undefined,
                        'jest',
                        force,
                        strategy as never,
                    )
                ).data;
            await objects.create<V1ConfigMap>({ ...base, data: { a: '1' } });
            expect(await data({ data: { b: '2' } })).toEqual({ a: '1', b: '2' });
            expect(await data({ data: { a: null } }, k8s.PatchStrategy.MergePatch)).toEqual({ b: '2' });
            const applied = { data: { b: 'applied' } };
            const conflict = await refused(data(applied, k8s.PatchStrategy.ServerSideApply));
            expect(conflict).toMatchObject({ code: 409, reason: 'Conflict' });
            expect(await data(applied, k8s.PatchStrategy.ServerSideApply, true)).toEqual({ b: 'applied' });
            const core = config().makeApiClient(k8s.CoreV1Api);
            const operations = [
                { op: 'test', path: '/data/b', value: 'applied' },
                { op: 'remove', path: '/data/b' },
            ];
            const last = await core.patchNamespacedConfigMap({
                ...{ name: 'patched', namespace },
                body: operations,
            });
            expect(last.data).toBeUndefined();
            expect((await objects.list('v1', 'ConfigMap', namespace)).items.length).toBeGreaterThan(0);
            await objects.delete(base);
            expect(await refused(objects.read(base))).toEqual({
                ...{ code: 404, reason: 'NotFound', message: 'configmaps "patched" not found' },
            });
        });

        it('handles custom objects like all others, but for the patch that needs their types', async () => {
            const objects = k8s.KubernetesObjectApi.makeApiClient(config());
            const group = 'node.example.com';
            const definition = await objects.create(kites(group));
            const { name } = definition.metadata;
            const extensions = config().makeApiClient(k8s.ApiextensionsV1Api);
            await eventually('the definition is established', async () => {
                const { status } = await extensions.readCustomResourceDefinition({ name });
                return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True');
            });
            const metadata = { name: 'red', namespace };
            const base = { apiVersion: `${group}/v1`, kind: 'Kite', metadata };
            const patch = async (spec: KiteSpec, strategy: string): Promise<KiteSpec | undefined> =>
                (
                    await objects.patch<Kite>(
                        { ...base, spec },
                        undefined,
                        undefined,
                        'jest',
                        undefined,
                        strategy as never,
                    )
                ).spec;
            const { MergePatch, ServerSideApply, StrategicMergePatch } = k8s.PatchStrategy;
            const made = await objects.create<Kite>({ ...base, spec: { length: 3 } });
            expect(made.spec).toEqual({ length: 3, colour: 'red' });
            expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
            expect(await patch({ length: null, colour: 'blue' }, MergePatch)).toEqual({ colour: 'blue' });
            expect(await patch({ tails: [{ name: 'a', knots: 1 }] }, ServerSideApply)).toEqual({
                ...{ colour: 'blue', tails: [{ name: 'a', knots: 1 }] },
            });
            expect(await refused(patch({ length: 1 }, StrategicMergePatch))).toMatchObject({
                ...{ code: 415, reason: 'UnsupportedMediaType' },
            });
            expect(await refused(patch({ length: 0 }, MergePatch))).toMatchObject({
                code: 422,
                message:
                    'Kite.node.example.com "red" is invalid: spec.length: Invalid value: 0: spec.length in body ' +
                    'should be greater than or equal to 1',
            });
            const found = await objects.read<Kite>(base);
            const replaced = await objects.replace<Kite>({ ...found, spec: { length: 9 } });
            expect(replaced.spec).toEqual({ length: 9, colour: 'red' });
            expect(await refused(objects.replace<Kite>(found))).toMatchObject({
                ...{ code: 409, reason: 'Conflict' },
            });
            const custom = config().makeApiClient(k8s.CustomObjectsApi);
            const where = { group, version: 'v1', plural: 'kites', name: 'red', namespace };
            const flying = (await custom.patchNamespacedCustomObjectStatus(
                { ...where, body: { status: { flies: true } } },
                k8s.setHeaderOptions('Content-Type', MergePatch),
            )) as Kite;
            expect(flying.status).toEqual({ flies: true });
            expect((await objects.list<Kite>(base.apiVersion, 'Kite', namespace)).items).toMatchObject([
                { spec: { length: 9 }, status: { flies: true } },
            ]);
            await objects.delete(base);
            await objects.delete(kites(group));
        });
    });
}

/** As its models name the fields: `default` is a word of the language, and a name has no hyphens. */
const kites = (group: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `kites.${group}` },
    spec: {
        ...{ group, scope: 'Namespaced', names: { plural: 'kites', kind: 'Kite' } },
        versions: [
            {
                ...{ name: 'v1', served: true, storage: true, subresources: { status: {} } },
                schema: {
                    openAPIV3Schema: {
                        type: 'object',
                        properties: {
                            spec: {
                                type: 'object',
                                properties: {
                                    length: { type: 'integer', minimum: 1 },
                                    colour: { type: 'string', _default: 'red' },
                                    tails: {
                                        type: 'array',
                                        x_kubernetes_list_type: 'map',
                                        x_kubernetes_list_map_keys: ['name'],
                                        items: {
                                            type: 'object',
                                            required: ['name'],
                                            properties: {
                                                name: { type: 'string' },
                                                knots: { type: 'integer' },
                                            },
                                        },
                                    },
                                },
                            },
                            status: { type: 'object', properties: { flies: { type: 'boolean' } } },
                        },
                    },
                },
            },
        ],
    },
});
