import { expect, it } from '@jest/globals';
import { type Cluster, eventually } from '../support/cluster.ts';
import { anything, define, undefine, versions } from '../support/definitions.ts';
import { builtIn } from './built-in.ts';

const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface Documents {
    kind: string;
    items: {
        metadata: { name?: string };
        versions: { version: string; resources: { resource: string }[] }[];
    }[];
}

/** All that is served in one document, as the suite's aggregated_discovery.go asks for it. */
export function aggregatedDiscovery(cluster: Cluster): void {
    const read = async (path: string): Promise<Set<string>> => {
        const { kind, items } = await cluster.must<Documents>('GET', path, { headers: { accept } });
        expect(kind).toBe('APIGroupDiscoveryList');
        return new Set(
            items.flatMap(({ metadata, versions: all }) =>
                all.flatMap(({ version, resources }) =>
                    resources.map(({ resource }) => `${metadata.name ?? ''}/${version}/${resource}`),
                ),
            ),
        );
    };
    const withDefinition = async (group: string, use: (kind: string) => Promise<void>): Promise<void> => {
        const resource = await define(cluster, {
            group,
            name: 'testcrd',
            versions: versions(['v1'], anything),
        });
        await use(`${group}/v1/${resource.plural}`);
        await undefine(cluster, resource);
    };

    it('has the built-in resources', async () => {
        const served = new Set([...(await read('/api')), ...(await read('/apis'))]);
        for (const { group, version, resource } of builtIn)
            expect([...served]).toContain(`${group}/${version}/${resource}`);
    });

    it('has custom resources soon after their definition, and not after it', async () => {
        await withDefinition('group1.example.com', async (kind) => {
            await eventually('they are there', async () => (await read('/apis')).has(kind));
        });
        await eventually('they are gone', async () => {
            return !(await read('/apis')).has('group1.example.com/v1/testcrds');
        });
    });

    it('tells clients of custom resources, who ask for it and accept the older documents', async () => {
        await withDefinition('group2.example.com', async () => {
            const { stdout } = await cluster.kubectl([
                'api-resources',
                ...['--cached=false', '--api-group=group2.example.com', '--no-headers'],
            ]);
            expect(stdout).toMatch(/^testcrds +group2\.example\.com\/v1 +true +Testcrd\n$/);
            const older = [accept, accept.replace('v=v2', 'v=v2beta1'), 'application/json'].join();
            const { headers } = await cluster.call('GET', '/apis', { headers: { accept: older } });
            expect(headers['content-type']).toBe(accept);
        });
    });
}
