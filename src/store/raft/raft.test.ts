import { describe, expect, it } from '@jest/globals';
import { TestNetwork } from './test-network.ts';

describe('a cluster', () => {
    it('of one elects itself and commits what it has written', () => {
        const network = TestNetwork.of('a');
        network.tick(30);
        expect(network.leaders()).toEqual(['a']);
        network.propose('a', 'x');
        network.settle();
        expect(network.applied('a')).toEqual(['x']);
    });

    it('of three elects one leader, which replicates to all', () => {
        const network = TestNetwork.of('abc');
        network.tick(60);
        const [leader = ''] = network.leaders();
        expect(network.leaders()).toHaveLength(1);
        for (let at = 0; at < 50; at++) network.propose(leader, `v${at}`);
        network.settle();
        for (const id of 'abc') expect(network.applied(id)).toHaveLength(50);
    });
});
