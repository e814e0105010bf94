import type { Client } from '../../../src/client/client.ts';
import { createHttpTransport } from '../../../src/client/http-transport.ts';
import { loadKubeconfig } from '../../../src/client/kubeconfig.ts';
import { createClient } from '../../../src/client/rest-client.ts';

export async function adminClient(kubeconfig: string): Promise<Client> {
    return createClient(createHttpTransport(await loadKubeconfig(kubeconfig)));
}
