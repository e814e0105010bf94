import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type KubeconfigContent, renderKubeconfig } from '../../client/kubeconfig.ts';
import type { ClientName, ClusterPki } from '../../pki/cluster-pki.ts';

/** Kubeconfig files by the client whose certificate they name. */
const kubeconfigFiles: Readonly<Record<ClientName, { file: string; user: string }>> = {
    admin: { file: 'admin.conf', user: 'kubernetes-admin' },
    controllerManager: { file: 'controller-manager.conf', user: 'system:kube-controller-manager' },
    scheduler: { file: 'scheduler.conf', user: 'system:kube-scheduler' },
    proxy: { file: 'kube-proxy.conf', user: 'system:kube-proxy' },
    kubelet: { file: 'kubelet.conf', user: 'system:node' },
};

/**
 * Writes the kubeconfigs of admin and components, mode 0600, where their content has changed. The
 * administrator's is self-contained so that it can be copied; the others name files that are renewed.
 */
export async function writeKubeconfigs(configDir: string, pki: ClusterPki, server: string): Promise<void> {
    await mkdir(configDir, { recursive: true, mode: 0o755 });
    for (const [name, { file, user }] of Object.entries(kubeconfigFiles)) {
        const pair = pki.clients[name as ClientName];
        const inline = name === 'admin';
        const content: KubeconfigContent = {
            server,
            userName: user,
            certificateAuthority: inline ? pki.ca.cert : { file: pki.ca.certFile },
            credentials: {
                type: 'certificate',
                certificate: inline ? pair.cert : { file: pair.certFile },
                key: inline ? pair.key : { file: pair.keyFile },
            },
        };
        await writeIfChanged(join(configDir, file), renderKubeconfig(content));
    }
}

async function writeIfChanged(file: string, content: string): Promise<void> {
    const before = await readFile(file, 'utf8').catch(() => undefined);
    if (before === content) {
        await chmod(file, 0o600);
        return;
    }
    await mkdir(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, content, { mode: 0o600 });
    await rename(temporary, file);
}
