import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { CoreV1Api, CustomObjectsApi, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { startApiServer } from 'hyperkube';
import { SiteOperator, sites } from './operator.js';

let server;
let core;
let custom;
let operator;

beforeAll(async () => {
    server = await startApiServer({
        crds: new URL('./crds', import.meta.url),
        objects: new URL('./roles.yaml', import.meta.url),
        controllers: ['garbage-collector-controller'],
    });
    const admin = new KubeConfig();
    admin.loadFromString(server.kubeconfig.text);
    core = admin.makeApiClient(CoreV1Api);
    custom = admin.makeApiClient(CustomObjectsApi);
});

afterAll(async () => {
    await server.close();
});

beforeEach(async () => {
    // Not as an administrator: a permission that is missing in roles.yaml fails the tests.
    const { text } = await server.asUser({ name: 'system:serviceaccount:default:site-operator' });
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromString(text);
    operator = new SiteOperator(kubeconfig);
    await operator.start();
});

afterEach(async () => {
    await operator.stop();
    await server.reset();
});

const site = (spec) => ({
    ...sites,
    namespace: 'default',
    body: { apiVersion: 'example.com/v1', kind: 'Site', metadata: { name: 'blog' }, spec },
});

/** Resolves with the first object for which `isWanted` holds; watches, so that nobody sleeps. */
async function seen(path, list, isWanted) {
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromString(server.kubeconfig.text);
    const informer = makeInformer(kubeconfig, path, list);
    try {
        return await new Promise((resolve, reject) => {
            for (const event of ['add', 'update', 'delete'])
                informer.on(event, (object) => isWanted(object, event) && resolve(object));
            informer.on('error', reject);
            informer.start().catch(reject);
        });
    } finally {
        await informer.stop();
    }
}

const siteWith = (isWanted) =>
    seen('/apis/example.com/v1/sites', () => custom.listCustomObjectForAllNamespaces(sites), isWanted);
const configMapWith = (isWanted) =>
    seen(
        '/api/v1/namespaces/default/configmaps',
        () => core.listNamespacedConfigMap({ namespace: 'default' }),
        isWanted,
    );

it('writes the pages of a site into a ConfigMap, and says in the status how many there are', async () => {
    await custom.createNamespacedCustomObject(site({ title: 'Blog', pages: { 'about.html': 'Me' } }));
    const { status } = await siteWith((object) => object.status !== undefined);
    expect(status).toEqual({ observedGeneration: 1, pages: 2 });
    const { data, metadata } = await core.readNamespacedConfigMap({ name: 'blog', namespace: 'default' });
    expect(data).toEqual({ 'index.html': '<h1>Blog</h1>', 'about.html': 'Me' });
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'Site', name: 'blog', controller: true }]);
});

it('follows changes, and takes away the pages that are gone', async () => {
    await custom.createNamespacedCustomObject(site({ title: 'Blog', pages: { 'about.html': 'Me' } }));
    const created = await siteWith((object) => object.status !== undefined);
    await custom.replaceNamespacedCustomObject({
        ...sites,
        namespace: 'default',
        name: 'blog',
        body: { ...created, spec: { title: 'Diary' } },
    });
    const { status } = await siteWith((object) => object.status?.observedGeneration === 2);
    expect(status.pages).toBe(1);
    const { data } = await core.readNamespacedConfigMap({ name: 'blog', namespace: 'default' });
    expect(data).toEqual({ 'index.html': '<h1>Diary</h1>' });
});

it('leaves the ConfigMap of a deleted site to the garbage collector', async () => {
    await custom.createNamespacedCustomObject(site({ title: 'Blog' }));
    await siteWith((object) => object.status !== undefined);
    const gone = configMapWith(({ metadata }, event) => event === 'delete' && metadata.name === 'blog');
    await custom.deleteNamespacedCustomObject({ ...sites, namespace: 'default', name: 'blog' });
    await gone;
});

it('is not asked about a site without a title: the API refuses it', async () => {
    await expect(custom.createNamespacedCustomObject(site({ title: '' }))).rejects.toMatchObject({
        code: 422,
        body: expect.stringContaining('spec.title'),
    });
});
