import type {
    V1CSIDriver,
    V1PersistentVolume,
    V1PersistentVolumeClaim,
    V1Pod,
    V1Volume,
} from '../../../api/meta/object.ts';
import { csiDrivers, persistentVolumeClaims, persistentVolumes } from '../../../client/resource-type.ts';
import type { Authorizer } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { joinErrors } from './forbidden.ts';

/** The verb that lets a node have tokens for an audience that none of its pods names; the resource is the audience. */
const audienceVerb = 'request-serviceaccounts-token-audience';

/** Volumes of old that a CSI driver serves: what is of kind <key> is the driver's. */
const migratedDrivers = {
    awsElasticBlockStore: 'ebs.csi.aws.com',
    azureDisk: 'disk.csi.azure.com',
    azureFile: 'file.csi.azure.com',
    cinder: 'cinder.csi.openstack.org',
    gcePersistentDisk: 'pd.csi.storage.gke.io',
    portworxVolume: 'pxd.portworx.com',
    vsphereVolume: 'csi.vsphere.vmware.com',
} as const;
const migratedKinds = Object.keys(migratedDrivers) as (keyof typeof migratedDrivers)[];

/** Whom a node asks a token for: an account, and the pod that the token is bound to. */
export interface NodeTokenSubject {
    namespace: string;
    /** Of the service account. */
    name: string;
    pod: V1Pod;
}

/**
 * Why a node may not have a token for these audiences; undefined when it may. None or an empty one means the
 * API server. A node gets what a volume of the pod asks for: a projected token, or a CSI driver that wants
 * tokens; and what it is authorized for by name.
 */
export async function audienceRefusal(
    { reader, authorizer }: { reader: ObjectReader; authorizer: Authorizer | undefined },
    identity: Identity,
    { audiences, subject }: { audiences: readonly string[]; subject: NodeTokenSubject },
): Promise<string | undefined> {
    if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
    const audience = audiences[0] ?? '';
    const quoted = JSON.stringify(audience);
    const { found, errors } = searchVolumes(reader, subject, audience);
    if (found) return undefined;
    if (errors.length > 0) return `error validating audience ${quoted}: ${joinErrors(errors)}`;
    const decision = await authorizer?.authorize(identity, {
        kind: 'resource',
        verb: audienceVerb,
        group: '',
        version: 'v1',
        resource: audience,
        subresource: '',
        namespace: subject.namespace,
        name: subject.name,
    });
    if (decision?.outcome === 'allow') return undefined;
    return `audience ${quoted} not found in pod spec volume, ${identity.username} is not authorized to request tokens for this audience`;
}

function searchVolumes(
    reader: ObjectReader,
    subject: NodeTokenSubject,
    audience: string,
): { found: boolean; errors: string[] } {
    const errors: string[] = [];
    for (const volume of subject.pod.spec?.volumes ?? []) {
        if (isProjected(volume, audience)) return { found: true, errors };
        const driver = driverOf(reader, subject, volume);
        if (driver === undefined) continue;
        if ('missing' in driver) {
            errors.push(driver.missing);
            continue;
        }
        const known = reader.get<V1CSIDriver>(csiDrivers, '', driver.name);
        if (known === undefined) errors.push(missing('csidriver.storage.k8s.io', driver.name).missing);
        const requests = known?.spec.tokenRequests ?? [];
        if (requests.some((request) => request.audience === audience)) return { found: true, errors };
    }
    return { found: false, errors };
}

function isProjected(volume: V1Volume, audience: string): boolean {
    const sources = volume.projected?.sources ?? [];
    return sources.some(
        ({ serviceAccountToken: token }) => token !== undefined && (token.audience ?? '') === audience,
    );
}

type Driver = { name: string } | { missing: string };

const missing = (kind: string, name: string): { missing: string } => ({
    missing: `${kind} ${JSON.stringify(name)} not found`,
});

/** The CSI driver that serves a volume of the pod; undefined when none does. */
function driverOf(reader: ObjectReader, subject: NodeTokenSubject, volume: V1Volume): Driver | undefined {
    if (volume.ephemeral?.volumeClaimTemplate !== undefined) {
        return driverOfClaim(reader, subject.namespace, `${subject.pod.metadata?.name ?? ''}-${volume.name}`);
    }
    if (volume.persistentVolumeClaim !== undefined) {
        return driverOfClaim(reader, subject.namespace, volume.persistentVolumeClaim.claimName);
    }
    return directDriver(volume);
}

function driverOfClaim(reader: ObjectReader, namespace: string, claimName: string): Driver | undefined {
    const claim = reader.get<V1PersistentVolumeClaim>(persistentVolumeClaims, namespace, claimName);
    if (claim === undefined) return missing('persistentvolumeclaim', claimName);
    const volumeName = claim.spec?.volumeName ?? '';
    const volume = reader.get<V1PersistentVolume>(persistentVolumes, '', volumeName);
    if (volume === undefined) return missing('persistentvolume', volumeName);
    return directDriver(volume.spec ?? {});
}

/** Of what names its driver itself, or is of a kind that a driver has taken over. */
function directDriver(
    source: { csi?: { driver: string } | undefined } & Partial<
        Record<keyof typeof migratedDrivers, object | undefined>
    >,
): Driver | undefined {
    if (source.csi !== undefined) return { name: source.csi.driver };
    const kind = migratedKinds.find((key) => source[key] !== undefined);
    return kind === undefined ? undefined : { name: migratedDrivers[kind] };
}
