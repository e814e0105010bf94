import { describe, expect, it } from '@jest/globals';
import { createErrors, examplePod, prepared, strategyOf } from '../../../testing.ts';

const pods = strategyOf('pods');

function withVolume(volume: object) {
    return examplePod((pod) => {
        pod.spec.serviceAccountName = 'default';
        pod.spec.volumes = [{ name: 'data', ...volume }];
    });
}

/** What is wrong with a volume, without the path of the volume itself. */
function errorsOf(volume: object): string[] {
    return createErrors(pods, withVolume(volume)).map((error) => error.replace('spec.volumes[0]', '*'));
}

const portal = '10.0.0.1:3260';
const wwn = 'iqn.2001-04.com.example:storage.disk1';

describe('volumes that are in order', () => {
    it.each<[string, object]>([
        ['rbd', { monitors: ['10.0.0.1'], image: 'disk' }],
        ['cephfs', { monitors: ['10.0.0.1'] }],
        ['fc', { targetWWNs: ['500a'], lun: 2 }],
        ['fc', { wwids: ['3600'] }],
        ['flexVolume', { driver: 'example.com/lvm', options: { 'example.com/a': 'b' } }],
        ['azureDisk', { diskName: 'a', diskURI: 'https://a.blob.core.windows.net/b/c.vhd' }],
        ['azureDisk', { diskName: 'a', diskURI: '/subscriptions/a', kind: 'Managed' }],
        ['azureFile', { secretName: 'a', shareName: 'b' }],
        ['gcePersistentDisk', { pdName: 'a', partition: 0 }],
        ['awsElasticBlockStore', { volumeID: 'vol-1', partition: 255 }],
        ['portworxVolume', { volumeID: 'a' }],
        ['scaleIO', { gateway: 'https://a', system: 'b', volumeName: 'c', secretRef: { name: 'd' } }],
        ['storageos', { volumeName: 'a', volumeNamespace: 'b' }],
        ['quobyte', { registry: 'a:1,[::1]:2', volume: 'b' }],
        ['cinder', { volumeID: 'a', secretRef: { name: 'b' } }],
        ['glusterfs', { endpoints: 'a', path: 'b' }],
        ['photonPersistentDisk', { pdID: 'a' }],
        ['vsphereVolume', { volumePath: '[a] b' }],
        ['flocker', { datasetName: 'a' }],
        ['iscsi', { targetPortal: portal, iqn: wwn, lun: 0 }],
        ['iscsi', { targetPortal: portal, iqn: 'eui.0123456789abcdef', lun: 255, initiatorName: wwn }],
        ['csi', { driver: 'Disk.example.com', nodePublishSecretRef: { name: 'a' } }],
        ['image', { reference: 'registry.example.com/model:1' }],
    ])('%s %j is accepted', (name, source) => {
        expect(errorsOf({ [name]: source })).toEqual([]);
    });

    it('are filled up as upstream does it', () => {
        const rbd = prepared(pods, withVolume({ rbd: { monitors: ['a'], image: 'b' } })).spec?.volumes?.[0]
            ?.rbd;
        expect(rbd).toMatchObject({ pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' });
        const disk = prepared(pods, withVolume({ azureDisk: { diskName: 'a', diskURI: 'b' } })).spec
            ?.volumes?.[0];
        expect(disk?.azureDisk).toMatchObject({
            cachingMode: 'ReadWrite',
            kind: 'Shared',
            fsType: 'ext4',
            readOnly: false,
        });
    });
});

describe('volumes with something missing or wrong', () => {
    it.each<[string, object, string[]]>([
        ['rbd', {}, ['*.rbd.monitors: Required value', '*.rbd.image: Required value']],
        ['cephfs', {}, ['*.cephfs.monitors: Required value']],
        [
            'fc',
            {},
            ['*.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both'],
        ],
        [
            'fc',
            { targetWWNs: ['a'] },
            ['*.fc.lun: Required value: lun is required if targetWWNs is specified'],
        ],
        [
            'fc',
            { targetWWNs: ['a'], lun: 256 },
            ['*.fc.lun: Invalid value: 256: must be between 0 and 255, inclusive'],
        ],
        [
            'flexVolume',
            { options: { 'Fs.K8s.io/a': 'b' } },
            [
                '*.flexVolume.driver: Required value',
                '*.flexVolume.options[Fs.K8s.io/a]: Invalid value: "Fs.K8s.io/a": kubernetes.io and k8s.io namespaces are reserved',
            ],
        ],
        [
            'azureDisk',
            { diskName: 'a', diskURI: 'a', kind: 'Managed', cachingMode: 'Fast' },
            [
                '*.azureDisk.cachingMode: Unsupported value: "Fast": supported values: "None", "ReadOnly", "ReadWrite"',
                '*.azureDisk.diskURI: Unsupported value: "a": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
            ],
        ],
        [
            'azureFile',
            {},
            ['*.azureFile.secretName: Required value', '*.azureFile.shareName: Required value'],
        ],
        [
            'gcePersistentDisk',
            { partition: 256 },
            [
                '*.persistentDisk.pdName: Required value',
                '*.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive',
            ],
        ],
        [
            'awsElasticBlockStore',
            { partition: -1 },
            [
                '*.awsElasticBlockStore.volumeID: Required value',
                '*.awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive',
            ],
        ],
        ['portworxVolume', {}, ['*.portworxVolume.volumeID: Required value']],
        [
            'scaleIO',
            {},
            [
                '*.scaleIO.gateway: Required value',
                '*.scaleIO.system: Required value',
                '*.scaleIO.volumeName: Required value',
            ],
        ],
        [
            'storageos',
            { secretRef: {} },
            ['*.storageos.volumeName: Required value', '*.storageos.secretRef.name: Required value'],
        ],
        [
            'quobyte',
            { registry: 'host' },
            [
                '*.quobyte.registry: Invalid value: "host": must be a host:port pair or multiple pairs separated by commas',
                '*.quobyte.volume: Required value',
            ],
        ],
        [
            'cinder',
            { secretRef: {} },
            ['*.cinder.volumeID: Required value', '*.cinder.secretRef.name: Required value'],
        ],
        ['glusterfs', {}, ['*.glusterfs.endpoints: Required value', '*.glusterfs.path: Required value']],
        ['photonPersistentDisk', {}, ['*.photonPersistentDisk.pdID: Required value']],
        ['vsphereVolume', {}, ['*.vsphereVolume.volumePath: Required value']],
        [
            'nfs',
            {},
            [
                '*.nfs.server: Required value',
                '*.nfs.path: Required value',
                '*.nfs.path: Invalid value: "": must be an absolute path',
            ],
        ],
        [
            'iscsi',
            { targetPortal: portal, iqn: 'wwn.1', lun: 256, chapAuthSession: true },
            [
                '*.iscsi.iqn: Invalid value: "wwn.1": must be valid format starting with iqn, eui, or naa',
                '*.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
                '*.iscsi.secretRef: Required value',
            ],
        ],
        [
            'iscsi',
            { targetPortal: 'h'.repeat(60), iqn: 'naa.1', lun: 0, initiatorName: wwn },
            [
                '*.iscsi.iqn: Invalid value: "naa.1": must be valid format',
                '*.name: Invalid value: "data": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
            ],
        ],
        ['image', {}, ['*.image.reference: Required value']],
    ])('%s %j is refused', (name, source, errors) => {
        expect(errorsOf({ [name]: source })).toEqual(errors);
    });

    it('of which the first in upstream order counts, and the others are too many', () => {
        expect(errorsOf({ cephfs: {}, nfs: { server: 'a', path: '/b' }, downwardAPI: {} })).toEqual([
            '*.cephFS: Forbidden: may not specify more than 1 volume type',
            '*.downwarAPI: Forbidden: may not specify more than 1 volume type',
        ]);
    });

    it('name a CSI driver that is none, or a Secret that cannot be', () => {
        const errors = errorsOf({
            csi: { driver: `${'a'.repeat(64)}_`, nodePublishSecretRef: { name: 'A' } },
        });
        expect(errors).toEqual([
            '*.csi.driver: Too long: may not be more than 63 bytes',
            expect.stringMatching(/^\*\.csi\.driver: Invalid value: .*RFC 1123 subdomain/),
            expect.stringMatching(/^\*\.csi\.name: Invalid value: "A": .*RFC 1123 subdomain/),
        ]);
        expect(errorsOf({ csi: { driver: 'a.b', nodePublishSecretRef: {} } })).toEqual([
            '*.csi.nodePublishSecretRef.name: Required value',
        ]);
    });
});

describe('ephemeral volumes', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

    it('take labels and annotations for their claim, and nothing else of metadata', () => {
        const volumeClaimTemplate = { metadata: { labels: { a: 'b' } }, spec };
        expect(errorsOf({ ephemeral: { volumeClaimTemplate } })).toEqual([]);
        const named = { metadata: { name: 'x', uid: 'y' }, spec };
        expect(errorsOf({ ephemeral: { volumeClaimTemplate: named } })).toEqual([
            '*.ephemeral.volumeClaimTemplate.metadata.Name: Forbidden: cannot be set',
            '*.ephemeral.volumeClaimTemplate.metadata.UID: Forbidden: cannot be set',
        ]);
    });

    it('need a name for the claim that is not too long', () => {
        const pod = withVolume({ ephemeral: { volumeClaimTemplate: { spec } } });
        pod.metadata = { ...pod.metadata, name: 'p'.repeat(250) };
        expect(createErrors(pods, pod)).toEqual([
            expect.stringMatching(
                /^spec\.volumes\[0\]\.name: Invalid value: "data": PVC name "p+-data": must be no more/,
            ),
        ]);
    });
});

describe('projected volumes', () => {
    const projected = (...sources: object[]) => errorsOf({ projected: { sources } });

    it('take bundles and certificates', () => {
        expect(
            projected(
                { clusterTrustBundle: { name: 'example.com:signer:a', path: 'a.pem' } },
                { clusterTrustBundle: { signerName: 'example.com/signer', path: 'b.pem' } },
                {
                    podCertificate: {
                        signerName: 'example.com/signer',
                        keyType: 'ED25519',
                        credentialBundlePath: 'c.pem',
                        userAnnotations: { 'example.com/a': 'b' },
                    },
                },
            ),
        ).toEqual([]);
    });

    it.each<[object, string[]]>([
        [{ path: 'a' }, ['*: Required value: either name or signerName must be specified']],
        [
            { name: 'a', signerName: 'a.b/c', path: 'a' },
            [
                '*: Invalid value: {"name":"a","signerName":"a.b/c","path":"a"}: only one of name and signerName may be used',
            ],
        ],
        [
            { name: 'a', labelSelector: {} },
            [
                '*.labelSelector: Invalid value: {}: labelSelector must be unset if name is specified',
                '*.path: Required value',
            ],
        ],
        [
            { signerName: 'signer', path: '../a' },
            [
                `*.signerName: Invalid value: "signer": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
                `*.path: Invalid value: "../a": must not contain '..'`,
            ],
        ],
    ])('refuse the bundle %j', (clusterTrustBundle, errors) => {
        const found = projected({ clusterTrustBundle });
        expect(found.map((error) => error.replace('*.projected.sources[0].clusterTrustBundle', '*'))).toEqual(
            errors,
        );
    });

    it.each<[object, string[]]>([
        [
            { signerName: 'a.b/c', keyType: 'DSA' },
            [
                '*.keyType: Unsupported value: "DSA": supported values: "RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"',
                '*: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath',
            ],
        ],
        [
            { signerName: 'a.b/c', keyType: 'ED25519', keyPath: 'k', maxExpirationSeconds: 3599 },
            [
                '*.maxExpirationSeconds: Invalid value: 3599: if provided, maxExpirationSeconds must be >= 3600',
            ],
        ],
        [
            { signerName: 'a.b/c', keyType: 'ED25519', keyPath: 'k', maxExpirationSeconds: 7_862_401 },
            [
                '*.maxExpirationSeconds: Invalid value: 7862401: if provided, maxExpirationSeconds must be <= 7862400',
            ],
        ],
    ])('refuse the certificate %j', (podCertificate, errors) => {
        const found = projected({ podCertificate });
        expect(found.map((error) => error.replace('*.projected.sources[0].podCertificate', '*'))).toEqual(
            errors,
        );
    });

    it('have one kind in each source and no file twice', () => {
        const files = (name: string) => ({ name, items: [{ key: 'k', path: 'f' }] });
        expect(projected({ secret: files('a'), configMap: files('b') })).toEqual([
            '*.projected: Invalid value: "b": conflicting duplicate paths',
            '*.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
        ]);
        expect(projected({ serviceAccountToken: { path: '..a' } })).toEqual([
            `*.projected.path: Invalid value: "..a": must not start with '..'`,
        ]);
    });
});
