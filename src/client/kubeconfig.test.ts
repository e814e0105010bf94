import { describe, expect, it } from '@jest/globals';
import { KubeconfigError, parseKubeconfig, renderKubeconfig } from './kubeconfig.ts';

const file = '/etc/kubernetes/admin.conf';

describe('a kubeconfig', () => {
    it('reads back what was rendered, as certificates inline', async () => {
        const text = renderKubeconfig({
            server: 'https://10.0.0.1:6443',
            userName: 'admin',
            certificateAuthority: 'CA',
            credentials: { type: 'certificate', certificate: 'CERT', key: 'KEY' },
        });
        expect(await parseKubeconfig(text, { file })).toMatchObject({
            server: 'https://10.0.0.1:6443',
            namespace: 'default',
            certificateAuthority: { type: 'inline', value: Buffer.from('CA') },
            clientCertificate: { type: 'inline', value: Buffer.from('CERT') },
            clientKey: { type: 'inline', value: Buffer.from('KEY') },
            token: undefined,
        });
    });

    it('reads back what was rendered, as files relative to its own place', async () => {
        const text = renderKubeconfig({
            server: 'https://host:6443/',
            userName: 'system:node:pi',
            namespace: 'kube-system',
            certificateAuthority: { file: 'pki/ca.crt' },
            credentials: { type: 'token', token: { file: '/run/token' } },
        });
        expect(await parseKubeconfig(text, { file })).toMatchObject({
            server: 'https://host:6443',
            namespace: 'kube-system',
            certificateAuthority: { type: 'file', path: '/etc/kubernetes/pki/ca.crt' },
            token: { type: 'file', path: '/run/token' },
        });
    });

    it('takes another context when one is named', async () => {
        const text = `
current-context: one
contexts:
- {name: one, context: {cluster: c, user: u}}
- {name: two, context: {cluster: c, user: u, namespace: other}}
clusters:
- {name: c, cluster: {server: "http://127.0.0.1:8080"}}
users:
- {name: u, user: {token: abc, as: jane, as-groups: [dev]}}
`;
        expect(await parseKubeconfig(text, { file, context: 'two' })).toMatchObject({
            namespace: 'other',
            impersonate: { username: 'jane', groups: ['dev'] },
            token: { type: 'inline', value: Buffer.from('abc') },
        });
    });

    it.each([
        ['nothing', ''],
        ['no YAML', 'a: ['],
        ['no current context', 'contexts: []'],
        ['a context that is not there', 'current-context: x'],
        ['a cluster that is not there', 'current-context: x\ncontexts: [{name: x, context: {cluster: y}}]'],
    ])('with %s is refused and names the file', async (_, text) => {
        const parsing = parseKubeconfig(text, { file });
        await expect(parsing).rejects.toThrow(KubeconfigError);
        await expect(parsing).rejects.toThrow(file);
    });
});
