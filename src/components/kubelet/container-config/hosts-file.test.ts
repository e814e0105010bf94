import { describe, expect, it } from '@jest/globals';
import { hostNetworkHostsFile, managedHostsFile } from './hosts-file.ts';

const aliases = [{ ip: '192.0.2.7', hostnames: ['a', 'b.example'] }];
const aliasLines = '\n# Entries added by HostAliases.\n192.0.2.7\ta\tb.example\n';

describe('the hosts file of a pod', () => {
    it('names the pod and its aliases', () => {
        const file = managedHostsFile({
            podIps: ['10.244.0.7', 'fd00::7'],
            hostname: 'web-0',
            domainName: 'web-0.web.shop.svc.cluster.local',
            aliases,
        });
        expect(file).toMatch(/^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
        expect(file).toContain('10.244.0.7\tweb-0.web.shop.svc.cluster.local\tweb-0\n');
        expect(file).toContain('fd00::7\tweb-0.web.shop.svc.cluster.local\tweb-0\n');
        expect(file.endsWith(aliasLines)).toBe(true);
    });

    it('in the network of the host is the host’s own, said so in its header', () => {
        expect(hostNetworkHostsFile('127.0.0.1 localhost vm\n', aliases)).toBe(
            `# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost vm\n${aliasLines}`,
        );
    });
});
