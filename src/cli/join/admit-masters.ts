import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { clusterAdminRoute } from '../../components/apiserver/cluster-admin.ts';
import type { NonResourceRoute } from '../../components/apiserver/extensions.ts';
import { isIssuedBy } from '../../pki/certificate-check.ts';
import type { ClusterPki } from '../../pki/cluster-pki.ts';
import { ensureJoinToken } from '../../pki/join-token.ts';
import type { Cluster } from '../../store/cluster.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { joinRoute } from './join-route.ts';

/** In the data directory: what another master needs to join. */
export const joinTokenFile = 'server-token';

export interface MasterAdmission {
    settings: ClusterSettings;
    /** Called before another master is let in: what needs no election while there is one needs it then. */
    beforeGrowing: () => Promise<void>;
}

/** What an API server has more when other masters may join through it. */
export interface AdmittingParts {
    routes: NonResourceRoute[];
    /** A line for --token-auth-file. */
    staticToken: string;
    /** The server's own certificate followed by its authority, which a joining master checks by its hash. */
    chainOf: (certificate: string) => string;
}

export async function admitMasters(
    { settings }: MasterAdmission,
    parts: { cluster: Cluster; pki: ClusterPki; dataDirectory: string; encryptionConfig: string | undefined },
): Promise<AdmittingParts> {
    const { cluster, pki, dataDirectory, encryptionConfig } = parts;
    const token = await ensureJoinToken(join(dataDirectory, joinTokenFile), pki.ca.cert);
    const { secret, credential } = token;
    return {
        routes: [
            joinRoute({ cluster, pkiDirectory: pki.directory, encryptionConfig, secret, settings }),
            clusterAdminRoute(cluster),
        ],
        staticToken: `${credential},system:hyperkube:master-joiner,,system:hyperkube:master-joiners`,
        chainOf: (certificate) =>
            isOfCluster(certificate, pki) ? `${certificate.trimEnd()}\n${pki.ca.cert}` : certificate,
    };
}

/** One that was issued anew while the server runs counts as well. */
function isOfCluster(certificate: string, { ca }: ClusterPki): boolean {
    return isIssuedBy(new X509Certificate(certificate), new X509Certificate(ca.cert));
}
