import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import { ControlPlane } from './control-plane.ts';
import { referenceManifests } from './reference-manifests.ts';

interface Manifest {
    apiVersion: string;
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
        resourceVersion?: string;
        managedFields?: { manager: string; operation: string }[];
    };
    spec?: Record<string, unknown> & { replicas?: number; template?: PodTemplate; containers?: Container[] };
}
interface Container {
    image: string;
    resources?: object;
}
interface PodTemplate {
    spec: { containers: Container[] };
}

/** Files without an object in common; what is cluster-wide is in one set only. */
const examples = referenceManifests('examples-');
const isOf = (file: string, ...words: string[]): boolean =>
    words.some((word) => basename(file).includes(word));
const sets = {
    guestbook: examples.filter((file) => isOf(file, 'guestbook', 'cassandra', 'mysql')),
    controllers: examples.filter((file) => isOf(file, 'frontend', 'redis')),
    definitions: referenceManifests('gateway-api-').filter((file) => !isOf(file, 'policy')),
    policy: referenceManifests('gateway-api-').filter((file) => isOf(file, 'policy')),
};

/**
 * Objects that kubectl sends a patch for each time, because their lists without keys, or quantities, come back with
 * defaults or in another form; the server finds nothing to change in it.
 */
const alwaysPatched = /^(statefulset|pod|validatingadmissionpolicy(binding)?)\b/;

const tested = examples.length === 0 ? describe.skip : describe;

tested('manifests of other projects', () => {
    let plane: ControlPlane;
    let directory: string;

    beforeAll(async () => {
        plane = await ControlPlane.start('--legacy-apis');
        directory = plane.directory;
    }, 60_000);
    afterAll(async () => {
        await plane.close();
    });

    const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
    const filesOf = (files: readonly string[]): string[] => files.flatMap((file) => ['-f', file]);

    /** Objects by kind and name, as the server has them. */
    async function stored(files: readonly string[], namespace: string): Promise<Map<string, Manifest>> {
        const text = await plane.ok([
            'get',
            ...filesOf(files),
            '-n',
            namespace,
            '-o',
            'json',
            '--show-managed-fields',
        ]);
        const { items = [], ...one } = JSON.parse(text) as Manifest & { items?: Manifest[] };
        const objects = 'metadata' in one && one.kind !== 'List' ? [one] : items;
        return new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
    }

    const versions = (objects: Map<string, Manifest>): object =>
        Object.fromEntries([...objects].map(([key, { metadata }]) => [key, metadata.resourceVersion]));

    /** The same objects in a file of this test's own, changed. */
    function changed(name: string, files: readonly string[], change: (object: Manifest) => void): string[] {
        const objects = files.flatMap((file) => loadAll(readFileSync(file, 'utf8')) as Manifest[]);
        objects.forEach(change);
        const file = join(directory, `${name}.yaml`);
        writeFileSync(file, objects.map((object) => dump(object)).join('---\n'));
        return [file];
    }

    /** A label more, an image and a number of replicas that are others, and resources left out. */
    function newer(object: Manifest): void {
        object.metadata.labels = { ...object.metadata.labels, release: 'second' };
        const { spec } = object;
        if (spec === undefined) return;
        if (spec.replicas !== undefined) spec.replicas = 5;
        const [container] = spec.template?.spec.containers ?? spec.containers ?? [];
        if (container === undefined) return;
        container.image = 'example.com/second:2';
        if (spec.template !== undefined) delete container.resources;
    }

    describe.each([
        ['client-side', []],
        ['server-side', ['--server-side']],
    ] as const)('applied %s', (mode, flags) => {
        it.each(['guestbook', 'controllers', 'definitions', 'policy'] as const)(
            '%s: made, found unchanged, changed, changed back, deleted',
            async (name) => {
                const files = sets[name];
                const namespace = `${name}-${mode}`;
                await plane.ok(['create', 'namespace', namespace]);
                const apply = async (which: readonly string[]): Promise<string[]> =>
                    linesOf(await plane.ok(['apply', ...flags, '-n', namespace, ...filesOf(which)]));
                const made = mode === 'client-side' ? 'created' : 'serverside-applied';
                for (const line of await apply(files)) expect(line).toMatch(new RegExp(` ${made}$`));
                const first = await stored(files, namespace);
                for (const line of await apply(files))
                    expect(line).toMatch(
                        mode === 'server-side'
                            ? / serverside-applied$/
                            : alwaysPatched.test(line)
                              ? / configured$/
                              : / unchanged$/,
                    );
                expect(versions(await stored(files, namespace))).toEqual(versions(first));
                const diff = async (which: readonly string[]) =>
                    await plane.kubectl(['diff', ...flags, '-n', namespace, ...filesOf(which)]);
                expect(await diff(files)).toEqual({ stdout: '', stderr: '', code: 0 });

                const second = changed(namespace, files, newer);
                const shown = await diff(second);
                expect(shown.code).toBe(1);
                expect(shown.stdout.match(/^\+ +release: second$/gm)).toHaveLength(first.size);
                await apply(second);
                for (const { metadata, spec } of (await stored(files, namespace)).values()) {
                    expect(metadata.labels).toMatchObject({ release: 'second' });
                    const [container] = spec?.template?.spec.containers ?? spec?.containers ?? [];
                    if (container === undefined) continue;
                    expect(container.image).toBe('example.com/second:2');
                    if (spec?.template !== undefined) expect(container.resources ?? {}).toEqual({});
                    if (spec?.replicas !== undefined) expect(spec.replicas).toBe(5);
                }

                await apply(files);
                const last = await stored(files, namespace);
                const specs = (objects: Map<string, Manifest>): object =>
                    Object.fromEntries([...objects].map(([key, { spec }]) => [key, spec]));
                expect(specs(last)).toEqual(specs(first));
                for (const { metadata } of last.values())
                    expect(metadata.labels?.['release']).toBeUndefined();
                const deleted = linesOf(
                    await plane.ok(['delete', '-n', namespace, '--wait=false', ...filesOf(files)]),
                );
                expect(deleted.filter((line) => / deleted( from .* namespace)?$/.test(line))).toHaveLength(
                    first.size,
                );
            },
            60_000,
        );
    });

    it('what is no longer in the files is pruned, by label and by the set it belongs to', async () => {
        const files = sets.guestbook.filter((file) => isOf(file, 'guestbook', 'service'));
        const labelled = changed('labelled', files, ({ metadata }) => {
            metadata.labels = { ...metadata.labels, part: 'shop' };
        });
        const fewer = sets.guestbook.filter((file) => isOf(file, 'guestbook'));
        const rest = changed('fewer', fewer, ({ metadata }) => {
            metadata.labels = { ...metadata.labels, part: 'shop' };
        });
        await plane.ok('create namespace pruned');
        await plane.ok(['apply', '-n', 'pruned', ...filesOf(labelled)]);
        const lines = linesOf(
            await plane.ok(['apply', '-n', 'pruned', '--prune', '-l', 'part=shop', ...filesOf(rest)]),
        );
        expect(lines.filter((line) => line.includes('pruned')).sort()).toEqual([
            'service/cassandra pruned',
            'service/mysql pruned',
        ]);

        const asSet = async (which: readonly string[]): Promise<string[]> =>
            linesOf(
                await plane.ok(
                    ['apply', '-n', 'set', '--prune', '--applyset=configmaps/shop', ...filesOf(which)],
                    { env: { KUBECTL_APPLYSET: 'true' } },
                ),
            );
        await plane.ok('create namespace set');
        await asSet(labelled);
        const again = await asSet(rest);
        expect(again.filter((line) => line.includes('pruned')).sort()).toEqual([
            'service/cassandra pruned',
            'service/mysql pruned',
        ]);
        const parent = JSON.parse(await plane.ok('get configmap shop -n set -o json')) as Manifest;
        expect(parent.metadata.labels?.['applyset.kubernetes.io/id']).toMatch(/^applyset-.+-v1$/);
        expect(parent.metadata.annotations?.['applyset.kubernetes.io/contains-group-kinds']).toBe(
            'Deployment.apps,Service',
        );
    }, 60_000);

    it('ownership moves from client-side to server-side apply, and back', async () => {
        const files = sets.guestbook.filter((file) => isOf(file, 'guestbook'));
        const managers = async (): Promise<string[][]> =>
            [...(await stored(files, 'moved')).values()].map(({ metadata }) =>
                (metadata.managedFields ?? [])
                    .filter(({ manager }) => manager.startsWith('kubectl'))
                    .map(({ manager, operation }) => `${manager} ${operation}`),
            );
        await plane.ok('create namespace moved');
        await plane.ok(['apply', '-n', 'moved', ...filesOf(files)]);
        expect(new Set((await managers()).flat())).toEqual(new Set(['kubectl-client-side-apply Update']));
        await plane.ok(['apply', '-n', 'moved', '--server-side', ...filesOf(files)]);
        expect(new Set((await managers()).flat())).toEqual(
            new Set(['kubectl Apply', 'kubectl-last-applied Apply']),
        );
        // What the new way no longer names goes, though the old way had set it.
        const without = changed('without', files, ({ metadata }) => {
            delete metadata.labels;
        });
        await plane.ok(['apply', '-n', 'moved', '--server-side', ...filesOf(without)]);
        for (const { metadata } of (await stored(files, 'moved')).values())
            expect(metadata.labels).toBeUndefined();
        await plane.ok(['apply', '-n', 'moved', ...filesOf(changed('back', files, newer))]);
        for (const { metadata } of (await stored(files, 'moved')).values())
            expect(metadata.labels).toMatchObject({ release: 'second' });
        await plane.ok(['apply', '-n', 'moved', ...filesOf(files)]);
        for (const { metadata } of (await stored(files, 'moved')).values())
            expect(metadata.labels?.['release']).toBeUndefined();
    }, 60_000);

    it('manifests of old versions are taken, with a warning, and are objects of today', async () => {
        const templateOf = (app: string) => ({
            metadata: { labels: { app } },
            spec: { containers: [{ name: 'web', image: 'x' }] },
        });
        const backend = { serviceName: 'web', servicePort: 80 };
        const old = (apiVersion: string, kind: string, name: string, spec: object): Manifest => ({
            ...{ apiVersion, kind, metadata: { name } },
            spec: { ...spec },
        });
        const objects = [
            old('extensions/v1beta1', 'Deployment', 'extensions', { template: templateOf('a') }),
            old('apps/v1beta1', 'Deployment', 'beta1', { replicas: 2, template: templateOf('b') }),
            old('apps/v1beta2', 'Deployment', 'beta2', {
                selector: { matchLabels: { app: 'c' } },
                template: templateOf('c'),
            }),
            old('extensions/v1beta1', 'DaemonSet', 'extensions', { template: templateOf('d') }),
            old('extensions/v1beta1', 'ReplicaSet', 'extensions', { template: templateOf('e') }),
            old('apps/v1beta1', 'StatefulSet', 'beta1', { serviceName: 'web', template: templateOf('f') }),
            old('extensions/v1beta1', 'Ingress', 'extensions', { backend }),
            old('networking.k8s.io/v1beta1', 'Ingress', 'beta1', { backend }),
        ];
        const file = join(directory, 'old.yaml');
        writeFileSync(file, objects.map((object) => dump(object)).join('---\n'));
        await plane.ok('create namespace old');
        const { code, stdout, stderr } = await plane.kubectl(['apply', '-n', 'old', '-f', file]);
        expect({ code, lines: linesOf(stdout).length, warnings: linesOf(stderr).length }).toEqual({
            ...{ code: 0, lines: objects.length, warnings: objects.length },
        });
        expect(stderr).toContain(
            'Warning: extensions/v1beta1 Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment',
        );
        for (const line of linesOf(await plane.ok(['apply', '-n', 'old', '-f', file])))
            expect(line).toMatch(/ unchanged$/);
        const selector = await plane.ok(
            'get deployments.v1.apps extensions -n old -o jsonpath={.spec.selector.matchLabels.app}',
        );
        expect(selector).toBe('a');
        await plane.ok(['delete', '-n', 'old', '-f', file]);
    }, 60_000);
});
