/** Nobody schedules them: the API server alone is measured. */
const schedulerName = 'nobody';
export const namespace = 'default';
export const podsPath = `/api/v1/namespaces/${namespace}/pods`;

export const podName = (i: number): string => `web-7c9f9d6b5d-${String(i).padStart(5, '0')}`;

/** What a ReplicaSet's controller sends, of a usual web server: some 1.5 KB of JSON. */
export function podBody(i: number): Buffer {
    const probe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10, timeoutSeconds: 2 };
    return Buffer.from(
        JSON.stringify({
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: {
                name: podName(i),
                namespace,
                labels: {
                    app: 'web',
                    tier: 'frontend',
                    'pod-template-hash': '7c9f9d6b5d',
                    shard: `${i % 50}`,
                },
                annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
                ownerReferences: [
                    {
                        apiVersion: 'apps/v1',
                        kind: 'ReplicaSet',
                        name: 'web-7c9f9d6b5d',
                        uid: '6f1c2f6e-6a43-4f0e-9a53-0d5b7d1f0c11',
                        controller: true,
                        blockOwnerDeletion: true,
                    },
                ],
            },
            spec: {
                schedulerName,
                automountServiceAccountToken: false,
                containers: [
                    {
                        name: 'web',
                        image: 'registry.example.org/web:1.27.3',
                        ports: [{ name: 'http', containerPort: 8080 }],
                        env: [
                            { name: 'MODE', value: 'production' },
                            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                        ],
                        resources: {
                            requests: { cpu: '100m', memory: '64Mi' },
                            limits: { memory: '128Mi' },
                        },
                        readinessProbe: probe,
                        livenessProbe: probe,
                        volumeMounts: [{ name: 'cache', mountPath: '/var/cache' }],
                    },
                ],
                volumes: [{ name: 'cache', emptyDir: {} }],
            },
        }),
    );
}
