import { describe, it, expect } from '@jest/globals';
import { attemptOf, containerLabels, containerName, podOf, sandboxName, splitLabels } from './naming.ts';

const pod = { name: 'web', namespace: 'default', uid: '1234-5678' };

describe('Docker names and labels', () => {
    it("are upstream's", () => {
        expect(sandboxName({ pod, attempt: 2 })).toBe('k8s_POD_web_default_1234-5678_2');
        expect(containerName(pod, { name: 'app', attempt: 0 })).toBe('k8s_app_web_default_1234-5678_0');
    });

    it('give the attempt back, also from a name with a conflict suffix', () => {
        expect(attemptOf('/k8s_app_web_default_1234-5678_7')).toBe(7);
        expect(attemptOf('/k8s_app_web_default_1234-5678_7_a1b2c3')).toBe(7);
        expect(attemptOf('/somebody-else')).toBe(0);
    });

    it('give labels, annotations and pod back', () => {
        const all = containerLabels(
            { name: 'app', labels: { tier: 'front' }, annotations: { 'io.kubernetes.container.hash': 'ab' } },
            pod,
            'sandbox',
        );
        expect(all['io.kubernetes.docker.type']).toBe('container');
        expect(all['io.kubernetes.sandbox.id']).toBe('sandbox');
        expect(all['annotation.io.kubernetes.container.hash']).toBe('ab');
        const back = splitLabels(all);
        expect(back.annotations).toEqual({ 'io.kubernetes.container.hash': 'ab' });
        expect(back.labels['tier']).toBe('front');
        expect(back.labels['io.kubernetes.sandbox.id']).toBeUndefined();
        expect(podOf(all)).toEqual(pod);
    });
});
