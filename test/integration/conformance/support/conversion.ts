import type { AskedReview, Reply } from '../../support/webhook-server.ts';
import type { DefinitionVersion, Schema } from './definitions.ts';

interface HostAndPort {
    apiVersion: string;
    kind: string;
    metadata: object;
    hostPort?: string;
    host?: string;
    port?: string;
}

const fields = (...names: string[]): Schema => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});

/** "hostPort" in v1 is "host" and "port" in v2. */
export function hostPortVersions(
    stored: 'v1' | 'v2',
    { selectable = false }: { selectable?: boolean } = {},
): DefinitionVersion[] {
    const version = (name: string, ...names: string[]): DefinitionVersion => ({
        name,
        served: true,
        storage: name === stored,
        schema: { openAPIV3Schema: fields(...names) },
        ...(selectable ? { selectableFields: names.map((field) => ({ jsonPath: `.${field}` })) } : {}),
    });
    return [version('v1', 'hostPort'), version('v2', 'host', 'port')];
}

/** Answers ConversionReviews as the webhook that the suite deploys. */
export function convertHostPort({ request }: AskedReview): Reply {
    const { desiredAPIVersion, objects } = request as unknown as {
        desiredAPIVersion: string;
        objects: HostAndPort[];
    };
    const convertedObjects = objects.map(({ hostPort, host, port, ...rest }) => {
        const object = { ...rest, apiVersion: desiredAPIVersion };
        if (desiredAPIVersion.endsWith('/v1')) return { ...object, hostPort: `${host ?? ''}:${port ?? ''}` };
        const [first, second] = (hostPort ?? '').split(':');
        return { ...object, host: first, port: second };
    });
    return { convertedObjects, result: { status: 'Success' } };
}
