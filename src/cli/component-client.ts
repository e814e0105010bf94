import { type Client } from '../client/client.ts';
import { createHttpTransport } from '../client/http-transport.ts';
import { type ClientConfig, loadKubeconfig } from '../client/kubeconfig.ts';
import { createClient } from '../client/rest-client.ts';
import { clientVersion } from '../client/user-agent.ts';
import type { Transport } from '../client/transport.ts';

/** A component that runs alone was not told how to reach the API server. */
export class MissingKubeconfigError extends Error {
    override readonly name = 'MissingKubeconfigError';
}

/** The connection that --kubeconfig and --master describe. */
export async function clientConfig(flags: { kubeconfig: string; master: string }): Promise<ClientConfig> {
    if (flags.kubeconfig === '')
        throw new MissingKubeconfigError(
            '--kubeconfig is required, for example --kubeconfig=/etc/kubernetes/scheduler.conf (the first start of the API server writes it)',
        );
    const config = await loadKubeconfig(flags.kubeconfig);
    return flags.master === '' ? config : { ...config, server: flags.master };
}

export function clientOver(transport: Transport): Client {
    return createClient(transport);
}

/** `component` is who the API server takes the requests for: "kubelet". */
export async function clientFromFlags(
    flags: { kubeconfig: string; master: string },
    component: string,
): Promise<Client> {
    const userAgent = clientVersion(component);
    return createClient(createHttpTransport(await clientConfig(flags), { userAgent }));
}
